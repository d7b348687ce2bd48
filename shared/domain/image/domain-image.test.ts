import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hvmModlistEntry, hvmStartInfo } from '../../abi/start-info.ts';
import { decode } from '../../core/layout.ts';
import { must } from '../../core/result.ts';
import { fromLatin1 } from '../../core/text.ts';
import { type DomainImage, type DomainParts, layoutDomain } from './domain-image.ts';
import { readElf } from './elf.ts';
import { BASE, entryNote, linuxNote, makeElf, pattern } from './fixtures.ts';

const MIB = 1024;
const GIB = 1024 * MIB;
const PAGE = 4096;

const kernel = must(readElf(makeElf()));
const base: DomainParts = {
  kernel,
  cmdline: 'console=hvc0',
  memoryKib: 64 * MIB,
  vcpus: 1,
  maxVcpus: 1,
};

const layout = (parts: Partial<DomainParts> = {}): DomainImage =>
  must(layoutDomain({ ...base, ...parts }));

/** The written byte at an address; undefined where nothing is written. */
function byteAt(image: DomainImage, paddr: number): number | undefined {
  const write = image.writes.find((w) => w.paddr <= paddr && paddr < w.paddr + w.bytes.length);
  return write?.bytes[paddr - write.paddr];
}

function bytesAt(image: DomainImage, paddr: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => byteAt(image, paddr + i) ?? 0xee);
}

function startInfo(image: DomainImage) {
  return decode(hvmStartInfo, bytesAt(image, image.startInfoPaddr, hvmStartInfo.size));
}

/** Populated ranges in bytes, by address, neighbours joined. */
function populated(image: DomainImage): [number, number][] {
  const ranges = image.extents.flatMap(({ order, gfns }) =>
    gfns.map((gfn): [number, number] => [gfn * PAGE, (gfn + 2 ** order) * PAGE]),
  );
  const joined: [number, number][] = [];
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    expect(from).toBeGreaterThanOrEqual(last?.[1] ?? 0);
    if (last?.[1] === from) last[1] = to;
    else joined.push([from, to]);
  }
  return joined;
}

describe('a domain image', () => {
  const ramdisk = pattern(5000);
  const image = layout({ ramdisk });

  test('has kernel, zeros, start info and ramdisk in order, on pages of their own', () => {
    expect(image.writes.slice(0, 5).map((w) => [w.paddr, w.bytes.length])).toEqual([
      [BASE, 0x1234],
      [BASE + 0x2000, 0x100],
      [BASE + 0x2100, 0x4f00],
      [BASE + 0x7000, 56 + 32 + 3 * 24 + 13],
      [BASE + 0x8000, 5000],
    ]);
    expect(image.ramdisk).toEqual({ paddr: BASE + 0x8000, size: 5000 });
    expect(image.writes[4]?.bytes).toBe(ramdisk);
    expect(new Set(image.writes[2]?.bytes)).toEqual(new Set([0]));
    expect(image).toMatchObject({ entry: BASE + 0x10, startInfoPaddr: BASE + 0x7000, maxVcpus: 1 });
  });

  test('tells the kernel of its ramdisk, command line, RSDP and memory', () => {
    const info = startInfo(image);
    const module = bytesAt(image, Number(info.modlistPaddr), hvmModlistEntry.size);
    expect(decode(hvmModlistEntry, module)).toMatchObject({
      paddr: BigInt(BASE + 0x8000),
      size: 5000n,
    });
    expect(fromLatin1(bytesAt(image, Number(info.cmdlinePaddr), 13))).toBe('console=hvc0\0');
    expect(fromLatin1(bytesAt(image, Number(info.rsdpPaddr), 8))).toBe('RSD PTR ');
    expect(info.memmapEntries).toBe(image.memoryMap.length);
  });

  test('has two empty rings and an identity page table', () => {
    expect([image.xenstoreGfn, image.consoleGfn]).toEqual([0xfeffc, 0xfefff]);
    for (const gfn of [image.xenstoreGfn, image.consoleGfn]) {
      expect(new Set(bytesAt(image, gfn * PAGE, PAGE))).toEqual(new Set([0]));
    }
    expect(byteAt(image, 0xfeffe000)).toBe(0xe7);
  });

  test('sets the parameters that libxl sets for PVH, less the ioreq pages', () => {
    expect(Object.fromEntries(image.hvmParams)).toEqual({
      1: 0xfeffcn,
      17: 0xfefffn,
      27: 0xfeff8n,
      28: 0xfeff9n,
      29: 0xfeffan,
      12: 0xfeffe000n,
      10: 1n,
    });
  });

  test('without a ramdisk, or with an empty one, has none', () => {
    expect(layout().ramdisk).toBeUndefined();
    expect(layout({ ramdisk: new Uint8Array() })).toEqual(layout());
    expect(startInfo(layout()).nrModules).toBe(0);
  });

  test('zeroes uninitialised data of any size by few shared bytes', () => {
    const segments = [{ paddr: BASE, bytes: pattern(16), memSize: 40 * 2 ** 20 }];
    const { writes, startInfoPaddr } = layout({
      kernel: must(readElf(makeElf({ segments, notes: [entryNote(BASE)] }))),
    });
    expect(startInfoPaddr).toBe(BASE + 40 * 2 ** 20);
    const below = writes.filter((w) => w.paddr < startInfoPaddr);
    expect(below.reduce((sum, w) => sum + w.bytes.length, 0)).toBe(40 * 2 ** 20);
    const zeroBuffers = new Set(below.slice(1).map((w) => w.bytes.buffer));
    expect([...zeroBuffers].map((b) => b.byteLength)).toEqual([2 ** 20]);
  });
});

describe('limits for the hypervisor:', () => {
  test.each([
    ['1 vCPU, 64 MiB', {}, 4096 * (256 + 64), 65 * MIB],
    ['4 vCPUs at most', { maxVcpus: 4 }, 4096 * (4 * 256 + 64), 65 * MIB],
    ['shadow page tables', { hap: false }, 4096 * (256 + 2 * 64), 65 * MIB],
  ])('%s', (_, parts, pagingMempoolBytes, maxMemKib) => {
    expect(layout(parts)).toMatchObject({ pagingMempoolBytes, maxMemKib });
  });
});

describe('the RSDP', () => {
  const old = must(readElf(makeElf({ notes: [entryNote(BASE + 0x10), linuxNote] })));
  const lowSegments = [
    { paddr: 0x8000, bytes: pattern(16), memSize: 0x100000 },
    { paddr: BASE, bytes: pattern(16) },
  ];
  const oldAndLow = must(
    readElf(makeElf({ notes: [entryNote(BASE), linuxNote], segments: lowSegments })),
  );
  test.each([
    ['is behind the tables', kernel, 64 * MIB, 0xfc000000, 0xfc001000],
    ['is below 1 MiB for an old Linux', old, 64 * MIB, 0xfffc0, 0x100000],
    [
      'is behind the tables if an old kernel is itself below 1 MiB',
      oldAndLow,
      64 * MIB,
      0xfc000000,
      0xfc001000,
    ],
  ])('%s', (_, image, memoryKib, from, to) => {
    const laid = layout({ kernel: image, memoryKib });
    const rsdp = Number(startInfo(laid).rsdpPaddr);
    expect(rsdp).toBeGreaterThanOrEqual(from);
    expect(rsdp).toBeLessThan(to);
    expect(rsdp % 16).toBe(0);
    expect(fromLatin1(bytesAt(laid, rsdp, 8))).toBe('RSD PTR ');
    const range = laid.memoryMap.find((r) => r.start <= rsdp && rsdp < r.start + r.bytes);
    expect(range?.type).toBe(4);
  });
});

describe('what does not fit is refused with the amounts:', () => {
  const mib = (n: number): Uint8Array => new Uint8Array(n * 2 ** 20);
  const high = must(
    readElf(
      makeElf({
        segments: [{ paddr: 0xfbfff000, bytes: pattern(16), memSize: 0x2000 }],
        notes: [entryNote(0xfbfff000)],
      }),
    ),
  );
  test.each([
    [
      'the kernel',
      { memoryKib: 16 * MIB },
      'the kernel needs memory up to 17 MiB, but the guest has 16 MiB',
    ],
    [
      'the start info',
      { memoryKib: 16 * MIB + 28 },
      "the kernel's start info needs memory up to 17 MiB, but the guest has 16 MiB",
    ],
    [
      'the ramdisk',
      { ramdisk: mib(48) },
      'the ramdisk of 48 MiB behind the kernel needs memory up to 65 MiB, but the guest has 64 MiB',
    ],
    [
      'a kernel in the hole below 4 GiB',
      { kernel: high, memoryKib: 8 * GIB },
      'the kernel needs memory up to 4033 MiB, ' +
        'but the guest has 4032 MiB of its 8192 MiB below 4 GiB',
    ],
  ])('%s', (_, parts, what) => {
    expect(layoutDomain({ ...base, ...parts })).toEqual({
      ok: false,
      error: { errno: 'ENOMEM', what },
    });
  });

  test('the ramdisk may fill memory to its last page', () => {
    expect(layoutDomain({ ...base, ramdisk: mib(48).subarray(0x8000) }).ok).toBe(true);
    expect(layoutDomain({ ...base, ramdisk: mib(48).subarray(0x7fff) }).ok).toBe(false);
  });
});

test.each([
  ['no vCPU', { vcpus: 0 }],
  ['more vCPUs than its maximum', { vcpus: 2 }],
  ['129 vCPUs', { vcpus: 1, maxVcpus: 129 }],
  ['half a vCPU', { vcpus: 1, maxVcpus: 1.5 }],
  ['no memory', { memoryKib: 0 }],
  ['more memory than Xen can address', { memoryKib: 2 ** 34 + 4 }],
  ['memory that is no number', { memoryKib: Number.NaN }],
  ['a command line of 64 KiB', { cmdline: 'x'.repeat(65536) }],
  ['a NUL in its command line', { cmdline: 'a\0b' }],
])('a domain with %s is refused', (_, parts) => {
  expect(layoutDomain({ ...base, ...parts })).toMatchObject({
    ok: false,
    error: { errno: 'EINVAL' },
  });
});

test('in every layout, writes are disjoint and populated, and all RAM of the map is memory', () => {
  const anyDomain = fc.record({
    memoryKib: fc.oneof(
      fc.integer({ min: 17 * MIB, max: 64 * MIB }),
      fc.integer({ min: 4030 * MIB, max: 6 * GIB }),
    ),
    ramdisk: fc.integer({ min: 0, max: 20000 }).map((size) => new Uint8Array(size)),
    cmdline: fc.string({ maxLength: 9000, unit: fc.constantFrom('a', '\u00ff') }),
    maxVcpus: fc.integer({ min: 1, max: 128 }),
    rsdpAnywhere: fc.boolean(),
  });
  fc.assert(
    fc.property(anyDomain, ({ rsdpAnywhere, ...parts }) => {
      const image = layout({ ...parts, kernel: { ...kernel, rsdpAnywhere } });
      const ranges = populated(image);
      let end = 0;
      for (const { paddr, bytes } of image.writes) {
        expect(paddr).toBeGreaterThanOrEqual(end);
        end = paddr + bytes.length;
        expect(ranges.some(([from, to]) => from <= paddr && end <= to)).toBe(true);
      }
      const pages = image.extents.reduce((sum, e) => sum + e.gfns.length * 2 ** e.order, 0);
      // One page of ACPI tables, two rings, one page table.
      expect(pages).toBe(Math.floor(parts.memoryKib / 4) + 4);
      expect(pages * 4).toBeLessThanOrEqual(image.maxMemKib);
      const usable = image.memoryMap
        .filter((r) => r.type === 1 || r.start < 0x100000)
        .reduce((sum, r) => sum + r.bytes, 0);
      expect(usable).toBe(Math.floor(parts.memoryKib / 4) * PAGE);
      let mapped = 0;
      for (const { start, bytes } of image.memoryMap) {
        expect(start).toBeGreaterThanOrEqual(mapped);
        mapped = start + bytes;
      }
    }),
    { numRuns: 100 },
  );
});

test.each([
  [{ memoryKib: 2 ** 40 }, 'memory is 1073741824 MiB, and a guest may have 1 to 16777216 MiB'],
  [{ cmdline: 'x'.repeat(65_536) }, 'the command line has 65536 bytes, and may have at most 65535'],
])('what is too large is named, with how large it may be', (parts, what) => {
  expect(layoutDomain({ ...base, ...parts })).toMatchObject({ ok: false, error: { what } });
});
