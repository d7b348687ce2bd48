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
  /** Without the closing NUL. */
  readonly cmdline: Uint8Array;
  /** The first one is the ramdisk. */
  readonly modules: readonly { readonly paddr: number; readonly size: number }[];
  readonly rsdpPaddr: number;
  readonly memoryMap: readonly MemoryRange[];
}

/** The first version with a memory map. */
const VERSION = 1;

interface Counts extends Pick<StartInfo, 'cmdline' | 'memoryMap'> {
  readonly moduleCount: number;
}

/** Offsets of the parts behind the structure, and the size of all. */
function offsets({ moduleCount, memoryMap, cmdline }: Counts) {
  const modlist = hvmStartInfo.size;
  const memmap = modlist + moduleCount * hvmModlistEntry.size;
  const text = memmap + memoryMap.length * hvmMemmapTableEntry.size;
  return { modlist, memmap, text, size: text + cmdline.length + 1 };
}

export function startInfoSize(counts: Counts): number {
  return offsets(counts).size;
}

/** One block: the structure, the module list, the memory map, the command line. */
export function startInfoBlock(info: StartInfo): Uint8Array {
  const { modules, memoryMap } = info;
  const { modlist, memmap, text, size } = offsets({ ...info, moduleCount: modules.length });
  const block = new Uint8Array(size);
  encode(hvmStartInfo, block, 0, {
    magic: XEN_HVM_START_MAGIC_VALUE,
    version: VERSION,
    nrModules: modules.length,
    modlistPaddr: modules.length === 0 ? 0n : BigInt(info.paddr + modlist),
    cmdlinePaddr: BigInt(info.paddr + text),
    rsdpPaddr: BigInt(info.rsdpPaddr),
    memmapPaddr: BigInt(info.paddr + memmap),
    memmapEntries: memoryMap.length,
  });
  for (const [i, module] of modules.entries()) {
    encode(hvmModlistEntry, block, modlist + i * hvmModlistEntry.size, {
      paddr: BigInt(module.paddr),
      size: BigInt(module.size),
    });
  }
  for (const [i, { start, bytes, type }] of memoryMap.entries()) {
    encode(hvmMemmapTableEntry, block, memmap + i * hvmMemmapTableEntry.size, {
      addr: BigInt(start),
      size: BigInt(bytes),
      type,
    });
  }
  block.set(info.cmdline, text);
  return block;
}
