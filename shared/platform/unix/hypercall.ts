/** Hypercalls, with memory that the hypervisor may read and write at any time. */

import { fail, ok, type Result } from '../../core/result.ts';
import type { Hypercalls } from '../control/hypercalls.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { ffi, lastFailure } from './ffi.ts';
import { quietLogger, xencall } from './libraries.ts';
import { type Mapping, Regions } from './regions.ts';

/** The first page of the bounce buffer is for the arguments, the rest for what they point to. */
const BOUNCE_PAGES = 17;

/** One open hypercall device. */
export interface UnixHypercalls extends Hypercalls {
  close(): void;
}

/** Opens the hypercall device. ENOENT without Xen or the library, EACCES without privilege. */
export function openHypercalls(): Result<UnixHypercalls> {
  const library = xencall();
  if (!library.ok) return library;
  const { xencall_open, xencall_close, xencall1, xencall2 } = library.value;
  const { xencall_alloc_buffer_pages, xencall_free_buffer_pages } = library.value;
  const handle = xencall_open(quietLogger(), 0);
  if (handle === 0) return lastFailure('cannot open the hypercall device /dev/xen/privcmd');
  const address = xencall_alloc_buffer_pages(handle, BOUNCE_PAGES);
  if (address === 0) {
    xencall_close(handle);
    return fail('ENOMEM', 'no memory for hypercall arguments');
  }
  const bounce = new Regions<Mapping>();
  const { bytes } = bounce.add({ address, pages: BOUNCE_PAGES });
  const free = (region: Region): void => {
    const mapping = bounce.remove(region);
    xencall_free_buffer_pages(handle, mapping.address, mapping.pages);
  };
  /** libxencall gives -1 and sets errno. */
  const outcome = (result: number): number => (result === -1 ? -ffi().errno() : result);
  return ok({
    args: bytes.subarray(0, PAGE_SIZE),
    argsAddress: address,
    data: bytes.subarray(PAGE_SIZE),
    dataAddress: address + PAGE_SIZE,
    call1: (op, arg) => outcome(xencall1(handle, op, arg)),
    call2: (op, cmd, arg) => outcome(xencall2(handle, op, cmd, arg)),
    lendPages: (count) => {
      const start = xencall_alloc_buffer_pages(handle, count);
      if (start === 0) return fail('ENOMEM', `no memory for ${count} pages`);
      const region = bounce.add({ address: start, pages: count });
      return ok({ bytes: region.bytes, address: start, giveBack: () => free(region) });
    },
    close: () => {
      for (const region of bounce.all()) free(region);
      xencall_close(handle);
    },
  });
}
