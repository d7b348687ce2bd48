/** Pages fit for hypercalls, and pages and grant tables of domains that dom0 controls. */

import {
  XENMEM_resource_grant_table,
  XENMEM_resource_grant_table_id_shared,
} from '../../abi/memory.ts';
import { assert } from '../../core/assert.ts';
import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { writeFrames } from '../control/domain-memory.ts';
import type { Memory } from '../memory.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { lastFailure, once } from './ffi.ts';
import {
  libc,
  MAP_ANONYMOUS,
  MAP_FAILED,
  MAP_LOCKED,
  MAP_POPULATE,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
  quietLogger,
  xenforeignmemory,
} from './libraries.ts';
import { type Mapping, Regions } from './regions.ts';

const RW = PROT_READ | PROT_WRITE;

/**
 * Anonymous memory: gntdev copies to and from it without a bounce, which it cannot with memory of
 * the hypercall device. Locked, so that the hypervisor finds it in place (libxencall does the same
 * where there is no such device); where locking is not permitted, it is memory like any other.
 */
function mapOwn(count: number): Result<Mapping> {
  const system = libc();
  if (!system.ok) return system;
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
  for (const lock of [MAP_LOCKED, 0]) {
    const address = system.value.mmap(0, count * PAGE_SIZE, RW, flags | lock, -1, 0);
    if (BigInt(address) !== MAP_FAILED) return ok({ address, pages: count });
  }
  return fail('ENOMEM', `no memory for ${count} pages`);
}

function unmapOwn({ address, pages }: Mapping): void {
  const system = libc();
  assert(system.ok, 'memory exists without the C library');
  system.value.munmap(address, pages * PAGE_SIZE);
}

/** A mapping of foreign frames, or of a resource, which has a handle of its own. */
interface Foreign extends Mapping {
  readonly resource?: number;
}

function openForeign() {
  const library = xenforeignmemory();
  if (!library.ok) return library;
  const handle = library.value.xenforeignmemory_open(quietLogger(), 0);
  if (handle === 0) return lastFailure('cannot open the foreign memory device /dev/xen/privcmd');
  return ok({ library: library.value, handle });
}

export interface UnixMemory extends Memory {
  /** Where a region of this port lies. */
  addressOf(region: Region): number | undefined;
  closeAll(): void;
}

export function memory(): UnixMemory {
  const foreign = once(openForeign);
  const mapped = new Regions<Foreign>();
  const own = new Regions<Mapping>();

  const pages = (count: number): Result<Region> => {
    const made = mapOwn(count);
    return made.ok ? ok(own.add(made.value)) : made;
  };

  const mapForeign = (owner: Domid, gfns: readonly number[]): Result<Region> => {
    const what = `cannot map ${gfns.length} frames of domain ${owner}`;
    if (gfns.length === 0) return fail('EINVAL', what);
    const opened = foreign();
    if (!opened.ok) return opened;
    const { library, handle } = opened.value;
    const frames = new Uint32Array(gfns.length * 2);
    writeFrames(frames, gfns, 0, gfns.length);
    const address = library.xenforeignmemory_map(handle, owner, RW, gfns.length, frames, null);
    if (address === 0) return lastFailure(what);
    return ok(mapped.add({ address, pages: gfns.length }));
  };

  const mapGrantTable = (owner: Domid, frame: number, count: number): Result<Region> => {
    const opened = foreign();
    if (!opened.ok) return opened;
    const { library, handle } = opened.value;
    const where = new BigUint64Array(1);
    const resource = library.xenforeignmemory_map_resource(
      handle,
      owner,
      XENMEM_resource_grant_table,
      XENMEM_resource_grant_table_id_shared,
      frame,
      count,
      where,
      RW,
      0,
    );
    if (resource === 0) return lastFailure(`cannot map the grant table of domain ${owner}`);
    return ok(mapped.add({ address: Number(where[0]), pages: count, resource }));
  };

  const unmapForeign = (region: Region) => {
    const { address, pages: count, resource } = mapped.remove(region);
    const opened = foreign();
    assert(opened.ok, 'a mapping exists without its device');
    const { library, handle } = opened.value;
    if (resource === undefined) library.xenforeignmemory_unmap(handle, address, count);
    else library.xenforeignmemory_unmap_resource(handle, resource);
  };

  const unmap = (region: Region) => {
    if (own.find(region) === undefined) unmapForeign(region);
    else unmapOwn(own.remove(region));
  };

  return {
    pages,
    mapForeign,
    mapGrantTable,
    unmap,
    addressOf: (region) => own.find(region)?.address ?? mapped.find(region)?.address,
    closeAll: () => {
      for (const region of [...mapped.all(), ...own.all()]) unmap(region);
      const opened = foreign.peek();
      if (opened) opened.library.xenforeignmemory_close(opened.handle);
    },
  };
}
