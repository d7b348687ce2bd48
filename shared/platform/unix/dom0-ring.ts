/**
 * The xenstore page of dom0's own kernel, for the xenstored that serves it: xenfs shows it as
 * /proc/xen/xsd_kva and its port as /proc/xen/xsd_port (xenstored_posix.c @ RELEASE-4.17.0).
 */

import { closeSync, openSync, readFileSync } from 'node:fs';
import { DOM0, type Port, port } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Events } from '../events.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { bind, lastFailure, once } from './ffi.ts';
import { PROT_READ, PROT_WRITE } from './libraries.ts';
import { type Mapping, Regions } from './regions.ts';

const PAGE_PATH = '/proc/xen/xsd_kva';
const PORT_PATH = '/proc/xen/xsd_port';

const libc = once(() =>
  bind('libc.so.6', {
    mmap: ['intptr_t', 'uintptr_t', 'size_t', 'int', 'int', 'int', 'long'],
    munmap: ['int', 'uintptr_t', 'size_t'],
  }),
);

const MAP_SHARED = 1;

export interface Dom0Ring {
  readonly region: Region;
  /** Our end of the kernel's event channel. */
  readonly port: Port;
  /** Frees the page. The port is closed by whoever uses it. */
  unmap(): void;
}

/** The kernel's end of its event channel. */
function kernelPort(): Result<Port> {
  try {
    const number = Number.parseInt(readFileSync(PORT_PATH, 'latin1'), 10);
    if (number > 0) return ok(port(number));
    return fail('ENOENT', `${PORT_PATH} names no port`);
  } catch (thrown) {
    return fail('ENOENT', `cannot read ${PORT_PATH}: ${(thrown as Error).message}`);
  }
}

function mapPage(): Result<{ region: Region; unmap: () => void }> {
  const library = libc();
  if (!library.ok) return library;
  const { mmap, munmap } = library.value;
  let fd: number;
  try {
    fd = openSync(PAGE_PATH, 'r+');
  } catch (thrown) {
    return fail('ENOENT', `cannot open ${PAGE_PATH}: ${(thrown as Error).message}`);
  }
  const address = mmap(0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  const failure = address === -1 ? lastFailure(`cannot map ${PAGE_PATH}`) : undefined;
  closeSync(fd);
  if (failure !== undefined) return failure;
  const regions = new Regions<Mapping>();
  const region = regions.add({ address, pages: 1 });
  return ok({
    region,
    unmap: () => {
      regions.remove(region);
      munmap(address, PAGE_SIZE);
    },
  });
}

/** ENOENT if this kernel has no such page: it is not dom0's, or a xenstore domain serves it. */
export function openDom0Ring(events: Events): Result<Dom0Ring> {
  const remote = kernelPort();
  if (!remote.ok) return remote;
  const page = mapPage();
  if (!page.ok) return page;
  const bound = events.bindInterdomain(DOM0, remote.value);
  if (bound.ok) return ok({ ...page.value, port: bound.value });
  page.value.unmap();
  return bound;
}
