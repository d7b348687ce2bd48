/**
 * Where kernel, start info and ramdisk go in a guest's low memory (xg_dom_core.c @ RELEASE-4.17.0).
 */

import { fail, ok, type Result } from '../../core/result.ts';
import { toLatin1 } from '../../core/text.ts';
import type { MemoryRange } from '../../platform/domain-control.ts';
import { PAGE_SIZE } from '../../platform/region.ts';
import type { KernelImage } from './elf.ts';
import { pageUp } from './memory-layout.ts';
import { startInfoBlock, startInfoSize } from './start-info.ts';
import type { Write } from './writes.ts';

export interface ToPlace {
  readonly kernel: KernelImage;
  readonly ramdisk?: Uint8Array;
  /** Each character is a byte. */
  readonly cmdline: string;
  /** End of the RAM below 4 GiB. */
  readonly lowEnd: number;
  /** The guest's size, for the words of an error. */
  readonly memoryKib: number;
  readonly rsdpPaddr: number;
  readonly memoryMap: readonly MemoryRange[];
}

export interface Placed {
  readonly startInfo: Write;
  readonly ramdisk?: Write;
}

/**
 * Behind the kernel: the start info, then the ramdisk, each on pages of its own, below 4 GiB.
 * ENOMEM.
 */
export function place(parts: ToPlace): Result<Placed> {
  const { kernel, lowEnd } = parts;
  const short = (thing: string, end: number): Result<Placed> =>
    fail('ENOMEM', `${thing} needs memory up to ${mib(end)}, but the guest has ${size(parts)}`);
  if (kernel.loadEnd > lowEnd) return short('the kernel', kernel.loadEnd);
  const ramdisk = parts.ramdisk?.length === 0 ? undefined : parts.ramdisk;
  const info = {
    paddr: pageUp(kernel.loadEnd),
    cmdline: toLatin1(parts.cmdline),
    rsdpPaddr: parts.rsdpPaddr,
    memoryMap: parts.memoryMap,
  };
  const moduleCount = ramdisk === undefined ? 0 : 1;
  const behind = pageUp(info.paddr + startInfoSize({ ...info, moduleCount }));
  if (behind > lowEnd) return short("the kernel's start info", behind);
  if (ramdisk === undefined) {
    return ok({
      startInfo: { paddr: info.paddr, bytes: startInfoBlock({ ...info, modules: [] }) },
    });
  }
  const end = behind + pageUp(ramdisk.length);
  if (end > lowEnd) return short(`the ramdisk of ${mib(ramdisk.length)} behind the kernel`, end);
  const modules = [{ paddr: behind, size: ramdisk.length }];
  return ok({
    startInfo: { paddr: info.paddr, bytes: startInfoBlock({ ...info, modules }) },
    ramdisk: { paddr: behind, bytes: ramdisk },
  });
}

function size({ memoryKib, lowEnd }: ToPlace): string {
  const all = `${Math.floor(memoryKib / 1024)} MiB`;
  return memoryKib * 1024 > lowEnd + PAGE_SIZE ? `${mib(lowEnd)} of its ${all} below 4 GiB` : all;
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
