import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACPI_PADDR, extentsOf, memoryMapOf, ramOf, SPECIAL_GFN } from './memory-layout.ts';

const MIB = 1024;
const GIB = 1024 * MIB;
const FOUR_GIB = 2 ** 32;

function counts(memoryKib: number): Record<number, number> {
  const extents = extentsOf(ramOf(memoryKib), []);
  return Object.fromEntries(extents.map(({ order, gfns }) => [order, gfns.length]));
}

test.each([
  ['512 MiB are 256 times 2 MiB', 512 * MIB, { 9: 256 }],
  ['1 GiB is one extent', GIB, { 18: 1 }],
  ['7 MiB end in single pages', 7 * MIB, { 9: 3, 0: 256 }],
  ['odd KiB are cut to pages', 4103, { 9: 2, 0: 1 }],
  ['up to the hole, RAM is 3 GiB and 480 times 2 MiB', 4032 * MIB, { 18: 3, 9: 480 }],
  ['beyond it, RAM goes on at 4 GiB', 4034 * MIB, { 18: 3, 9: 481 }],
  ['16 GiB are mostly extents of 1 GiB', 16 * GIB, { 18: 15, 9: 512 }],
])('%s', (_, memoryKib, expected) => {
  expect(counts(memoryKib)).toEqual(expected);
});

test('RAM leaves the last 64 MiB below 4 GiB to ACPI, the local APIC and the special pages', () => {
  expect(ramOf(64 * GIB)).toEqual({
    lowEnd: 0xfc000000,
    highEnd: FOUR_GIB + 64 * 2 ** 30 - 0xfc000000,
  });
  expect(ramOf(MIB)).toEqual({ lowEnd: 2 ** 20, highEnd: FOUR_GIB });
});

test('single pages join the extents of one page', () => {
  expect(extentsOf(ramOf(2052), [7, 9])).toEqual([
    { order: 9, gfns: [0] },
    { order: 0, gfns: [512, 7, 9] },
  ]);
});

test('extents are aligned to their size, disjoint, and add up to the memory', () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 40 * GIB }), (memoryKib) => {
      const extents = extentsOf(ramOf(memoryKib), []);
      const ranges = extents.flatMap(({ order, gfns }) =>
        gfns.map((gfn) => {
          expect(gfn % 2 ** order).toBe(0);
          return [gfn, gfn + 2 ** order] as const;
        }),
      );
      ranges.sort((a, b) => a[0] - b[0]);
      let end = 0;
      let pages = 0;
      for (const [from, to] of ranges) {
        expect(from).toBeGreaterThanOrEqual(end);
        end = to;
        pages += to - from;
      }
      expect(pages).toBe(Math.floor(memoryKib / 4));
      expect(extents.map((e) => e.order)).toEqual(
        extents.map((e) => e.order).toSorted((a, b) => b - a),
      );
    }),
    { numRuns: 50 },
  );
});

describe('the memory map', () => {
  const special = { start: 0xfeff8000, bytes: 0x8000, type: 2 };
  const acpi = { start: ACPI_PADDR, bytes: 0x1000, type: 4 };

  test('of a small guest has RAM, ACPI and special pages', () => {
    expect(memoryMapOf(ramOf(64 * MIB), 500)).toEqual([
      { start: 0, bytes: 2 ** 26, type: 1 },
      acpi,
      special,
    ]);
  });

  test('of a large guest has its RAM on both sides of the hole', () => {
    expect(memoryMapOf(ramOf(8 * GIB), 4097)).toEqual([
      { start: 0, bytes: ACPI_PADDR, type: 1 },
      { ...acpi, bytes: 0x2000 },
      special,
      { start: FOUR_GIB, bytes: 2 ** 33 - ACPI_PADDR, type: 1 },
    ]);
  });

  test('has a page for the RSDP cut out of low RAM', () => {
    expect(memoryMapOf(ramOf(MIB), 500, 0xff000)).toEqual([
      { start: 0, bytes: 0xff000, type: 1 },
      { start: 0xff000, bytes: 0x1000, type: 4 },
      acpi,
      special,
    ]);
  });
});

test('special pages are where libxc has them', () => {
  expect(SPECIAL_GFN).toEqual({
    pagingRing: 0xfeff8,
    monitorRing: 0xfeff9,
    sharingRing: 0xfeffa,
    xenstore: 0xfeffc,
    identPt: 0xfeffe,
    console: 0xfefff,
  });
});
