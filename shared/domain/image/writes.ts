/** What is written into a new domain's memory, as views wherever the bytes exist already. */

import { PAGE_SIZE } from '../../platform/region.ts';
import type { KernelImage } from './elf.ts';
import { SPECIAL_GFN } from './memory-layout.ts';
import { identityPageTable } from './special-pages.ts';

/** Bytes for guest-physical memory. They may be views: of kernel and ramdisk, of shared zeros. */
export interface Write {
  readonly paddr: number;
  readonly bytes: Uint8Array;
}

/** Zeros for uninitialised data, shared by all writes of them. */
const ZEROS_BYTES = 2 ** 20;

let zeros: Uint8Array | undefined;

export function kernelWrites(kernel: KernelImage): Write[] {
  return kernel.segments.flatMap(({ paddr, bytes, memSize }) => [
    ...(bytes.length > 0 ? [{ paddr, bytes }] : []),
    ...zeroWrites(paddr + bytes.length, memSize - bytes.length),
  ]);
}

/** Zeros without a copy of them for each write. */
function zeroWrites(paddr: number, size: number): Write[] {
  zeros ??= new Uint8Array(ZEROS_BYTES);
  const writes: Write[] = [];
  for (let at = 0; at < size; at += ZEROS_BYTES) {
    writes.push({ paddr: paddr + at, bytes: zeros.subarray(0, Math.min(ZEROS_BYTES, size - at)) });
  }
  return writes;
}

/**
 * Both rings start all zero; the flag that a console is served (4.19) reads as "yes" then, as ever.
 */
export function specialWrites(): Write[] {
  return [
    ...zeroWrites(SPECIAL_GFN.xenstore * PAGE_SIZE, PAGE_SIZE),
    { paddr: SPECIAL_GFN.identPt * PAGE_SIZE, bytes: identityPageTable() },
    ...zeroWrites(SPECIAL_GFN.console * PAGE_SIZE, PAGE_SIZE),
  ];
}
