/** The start info that a PVH kernel finds by ebx (arch-x86/hvm/start_info.h @ RELEASE-4.17.0). */

import {
  hvmMemmapTableEntry,
  hvmModlistEntry,
  hvmStartInfo,
  XEN_HVM_START_MAGIC_VALUE,
} from '../../abi/start-info.ts';
import { encode } from '../../core/layout.ts';
import type { MemoryRange } from '../../platform/domain-control.ts';

export interface StartInfo {
  /** Where the block will be, below 4 GiB, aligned to 8 bytes. */
  readonly paddr: number;
  /** Without the closing NUL. Absent and empty are different: the latter has an address. */
  readonly cmdline?: Uint8Array;
  /** The first one is the ramdisk. */
  readonly modules: readonly { readonly paddr: number; readonly size: number }[];
  readonly rsdpPaddr: number;
  readonly memoryMap: readonly MemoryRange[];
}

const VERSION_WITH_MEMMAP = 1;

const align8 = (n: number): number => Math.ceil(n / 8) * 8;

/** One block: the structure, the module list, the memory map, the command line. */
export function startInfoBlock(info: StartInfo): Uint8Array {
  const modlist = align8(hvmStartInfo.size);
  const memmap = modlist + info.modules.length * hvmModlistEntry.size;
  const cmdline = memmap + info.memoryMap.length * hvmMemmapTableEntry.size;
  const cmdlineBytes = info.cmdline === undefined ? 0 : info.cmdline.length + 1;
  const block = new Uint8Array(align8(cmdline + cmdlineBytes));
  const paddr = (offset: number, present: boolean): bigint =>
    present ? BigInt(info.paddr + offset) : 0n;
  encode(hvmStartInfo, block, 0, {
    magic: XEN_HVM_START_MAGIC_VALUE,
    version: VERSION_WITH_MEMMAP,
    nrModules: info.modules.length,
    modlistPaddr: paddr(modlist, info.modules.length > 0),
    cmdlinePaddr: paddr(cmdline, info.cmdline !== undefined),
    rsdpPaddr: BigInt(info.rsdpPaddr),
    memmapPaddr: paddr(memmap, true),
    memmapEntries: info.memoryMap.length,
  });
  for (const [i, module] of info.modules.entries()) {
    encode(hvmModlistEntry, block, modlist + i * hvmModlistEntry.size, {
      paddr: BigInt(module.paddr),
      size: BigInt(module.size),
    });
  }
  for (const [i, { start, bytes, type }] of info.memoryMap.entries()) {
    encode(hvmMemmapTableEntry, block, memmap + i * hvmMemmapTableEntry.size, {
      addr: BigInt(start),
      size: BigInt(bytes),
      type,
    });
  }
  if (info.cmdline !== undefined) block.set(info.cmdline, cmdline);
  return block;
}
