import { describe, expect, test } from 'vitest';
import { hvmMemmapTableEntry, hvmModlistEntry, hvmStartInfo } from '../../abi/start-info.ts';
import { decode } from '../../core/layout.ts';
import { fromLatin1, toLatin1 } from '../../core/text.ts';
import { startInfoBlock, startInfoSize } from './start-info.ts';

const PADDR = 0x4a00000;
const memoryMap = [
  { start: 0, bytes: 2 ** 20, type: 1 },
  { start: 2 ** 32, bytes: 2 ** 33, type: 4 },
] as const;
const base = { paddr: PADDR, rsdpPaddr: 0xfc001000, memoryMap };

/** The offset in the block that an address stands for. */
const at = (paddr: bigint): number => Number(paddr) - PADDR;

describe('the start info', () => {
  test('leads to module list, memory map and command line within one block', () => {
    const cmdline = toLatin1('console=hvc0 r\u00f6t');
    const modules = [{ paddr: 0x5000000, size: 12345 }];
    const block = startInfoBlock({ ...base, cmdline, modules });
    const info = decode(hvmStartInfo, block);
    expect(info).toMatchObject({
      magic: 0x336ec578,
      version: 1,
      flags: 0,
      nrModules: 1,
      rsdpPaddr: 0xfc001000n,
      memmapEntries: 2,
      reserved: 0,
    });
    expect(decode(hvmModlistEntry, block, at(info.modlistPaddr))).toEqual({
      paddr: 0x5000000n,
      size: 12345n,
      cmdlinePaddr: 0n,
      reserved: 0n,
    });
    const entry = hvmMemmapTableEntry;
    expect(decode(entry, block, at(info.memmapPaddr))).toMatchObject({ addr: 0n, type: 1 });
    expect(decode(entry, block, at(info.memmapPaddr) + entry.size)).toEqual({
      addr: 2n ** 32n,
      size: 2n ** 33n,
      type: 4,
      reserved: 0,
    });
    const text = fromLatin1(block.subarray(at(info.cmdlinePaddr)));
    expect(text).toBe('console=hvc0 r\u00f6t\0');
    expect(info.modlistPaddr % 8n).toBe(0n);
    expect(info.memmapPaddr % 8n).toBe(0n);
    expect(block.length).toBe(startInfoSize({ cmdline, memoryMap, moduleCount: 1 }));
  });

  test('has no module list without modules, and an empty command line that is there', () => {
    const block = startInfoBlock({ ...base, cmdline: new Uint8Array(), modules: [] });
    const info = decode(hvmStartInfo, block);
    expect([info.nrModules, info.modlistPaddr]).toEqual([0, 0n]);
    expect([...block.subarray(at(info.cmdlinePaddr))]).toEqual([0]);
  });
});
