/** Hypercalls, with memory that the hypervisor may read and write at any time. */

import { fail, ok, type Result } from '../../core/result.ts';
import { PAGE_SIZE } from '../region.ts';
import { lastFailure } from './ffi.ts';
import { quietLogger, xencall } from './libraries.ts';
import { type Mapping, Regions } from './regions.ts';

/** The first page of the bounce buffer is for the arguments, the rest for what they point to. */
const BOUNCE_PAGES = 17;

/** Bytes that fit at `dataAddress`. */
export const DATA_BYTES = (BOUNCE_PAGES - 1) * PAGE_SIZE;

/**
 * One open hypercall device. Arguments are written to `args`, what they point to into `data`; both
 * are one set for all calls, so a caller fills them, calls, and reads the outcome without a pause.
 */
export interface Hypercalls {
  readonly args: Uint8Array;
  readonly argsAddress: number;
  readonly data: Uint8Array;
  readonly dataAddress: number;
  /** Hypercalls of one and of two arguments: what Xen returns, or -1 with errno set. */
  call1(op: number, arg: number): number;
  call2(op: number, cmd: number, arg: number): number;
  /** Zeroed pages, to be given back with `freePages`. */
  allocPages(count: number): Result<Mapping>;
  freePages(mapping: Mapping): void;
  close(): void;
}

/** Opens the hypercall device. ENOENT without Xen or the library, EACCES without privilege. */
export function openHypercalls(): Result<Hypercalls> {
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
  const freePages = (mapping: Mapping) => {
    xencall_free_buffer_pages(handle, mapping.address, mapping.pages);
  };
  return ok({
    args: bytes.subarray(0, PAGE_SIZE),
    argsAddress: address,
    data: bytes.subarray(PAGE_SIZE),
    dataAddress: address + PAGE_SIZE,
    call1: (op, arg) => xencall1(handle, op, arg),
    call2: (op, cmd, arg) => xencall2(handle, op, cmd, arg),
    allocPages: (count) => {
      const start = xencall_alloc_buffer_pages(handle, count);
      if (start === 0) return fail('ENOMEM', `no memory for ${count} pages`);
      return ok({ address: start, pages: count });
    },
    freePages,
    close: () => {
      for (const region of bounce.all()) freePages(bounce.remove(region));
      xencall_close(handle);
    },
  });
}
