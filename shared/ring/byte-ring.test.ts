import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BROKEN, type ByteRing, writeRing } from '../core/ring-moves.ts';
import type { Region } from '../platform/region.ts';
import {
  CONSOLE_IN,
  CONSOLE_OUT,
  readRing,
  resetRing,
  ringReady,
  XENSTORE_REPLIES,
  XENSTORE_REQUESTS,
} from './byte-ring.ts';

const RINGS = { XENSTORE_REQUESTS, XENSTORE_REPLIES, CONSOLE_IN, CONSOLE_OUT };

function page(): Region {
  const buffer = new ArrayBuffer(4096);
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
}

function indices({ words }: Region, { consWord, prodWord }: ByteRing): [number, number] {
  return [(words[consWord] as number) >>> 0, (words[prodWord] as number) >>> 0];
}

function setIndices({ words }: Region, ring: ByteRing, cons: number, prod: number): void {
  words[ring.consWord] = cons | 0;
  words[ring.prodWord] = prod | 0;
}

const count = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i * 7 + 1);

it.each([
  ['XENSTORE_REQUESTS', 0, 1024, 2048, 2052],
  ['XENSTORE_REPLIES', 1024, 1024, 2056, 2060],
  ['CONSOLE_IN', 0, 1024, 3072, 3076],
  ['CONSOLE_OUT', 1024, 2048, 3080, 3084],
] as const)('%s lies where the header puts it', (name, at, size, cons, prod) => {
  expect(RINGS[name]).toMatchObject({ at, size, consWord: cons / 4, prodWord: prod / 4 });
});

describe.each(Object.entries(RINGS))('%s', (_name, ring) => {
  it('is empty at first, and says so', () => {
    const region = page();
    expect(ringReady(region, ring)).toBe(0);
    expect(readRing(region, ring, new Uint8Array(8), 0, 8)).toBe(0);
    expect(indices(region, ring)).toEqual([0, 0]);
  });

  it.each([0, 1, 500, ring.size - 1])('carries bytes over its end from index %d on', (offset) => {
    const region = page();
    setIndices(region, ring, offset, offset);
    const sent = count(ring.size);
    expect(writeRing(region, ring, sent, 0, sent.length)).toBe(ring.size);
    expect(ringReady(region, ring)).toBe(ring.size);
    const got = new Uint8Array(ring.size + 2);
    expect(readRing(region, ring, got, 1, ring.size)).toBe(ring.size);
    expect(got.subarray(1, -1)).toEqual(sent);
    expect([got[0], got.at(-1)]).toEqual([0, 0]);
    expect(indices(region, ring)).toEqual([offset + ring.size, offset + ring.size]);
  });

  it('carries bytes where its indices pass 2^32', () => {
    const region = page();
    setIndices(region, ring, 0xfffffff0, 0xfffffff0);
    const sent = count(40);
    expect(writeRing(region, ring, sent, 0, 40)).toBe(40);
    expect(indices(region, ring)).toEqual([0xfffffff0, 24]);
    expect(ringReady(region, ring)).toBe(40);
    const got = new Uint8Array(40);
    expect(readRing(region, ring, got, 0, 40)).toBe(40);
    expect(got).toEqual(sent);
    expect(indices(region, ring)).toEqual([24, 24]);
  });

  it('takes what it has room for, and nothing when full', () => {
    const region = page();
    const sent = count(ring.size + 10);
    expect(writeRing(region, ring, sent, 0, sent.length)).toBe(ring.size);
    expect(writeRing(region, ring, sent, ring.size, sent.length)).toBe(0);
    expect(readRing(region, ring, new Uint8Array(4), 0, 4)).toBe(4);
    expect(writeRing(region, ring, sent, ring.size, sent.length)).toBe(4);
  });

  it('writes only its own bytes and its own index', () => {
    const region = page();
    region.bytes.fill(0xee);
    setIndices(region, ring, 0, 0);
    const before = region.bytes.slice();
    writeRing(region, ring, count(ring.size), 0, ring.size);
    const changed = [...region.bytes.keys()].filter((i) => region.bytes[i] !== before[i]);
    const prodAt = ring.prodWord * 4;
    for (const i of changed) {
      const inside = i >= ring.at && i < ring.at + ring.size;
      expect(inside || (i >= prodAt && i < prodAt + 4), `byte ${i}`).toBe(true);
    }
  });

  it.each([
    ['one more than the ring holds', 0, ring.size + 1],
    ['behind its reader', 1, 0],
    ['half the world away', 0, 0x80000000],
    ['at the far end', 0, 0xffffffff],
  ])('with a producer %s is broken, and left as it is', (_what, cons, prod) => {
    const region = page();
    setIndices(region, ring, cons, prod);
    const before = region.bytes.slice();
    const other = count(8);
    expect(ringReady(region, ring)).toBe(BROKEN);
    expect(readRing(region, ring, other, 0, 8)).toBe(BROKEN);
    expect(writeRing(region, ring, other, 0, 8)).toBe(BROKEN);
    expect(region.bytes).toEqual(before);
    expect(other).toEqual(count(8));
  });

  it('is empty again after a reset', () => {
    const region = page();
    setIndices(region, ring, 5, 0x80000000);
    resetRing(region, ring);
    expect(ringReady(region, ring)).toBe(0);
    expect(indices(region, ring)).toEqual([0, 0]);
  });
});

it('gives what was written, in order, for any interleaving of the two ends', () => {
  const step = fc.record({ write: fc.boolean(), bytes: fc.integer({ min: 0, max: 1500 }) });
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(RINGS)),
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.array(step, { maxLength: 60 }),
      (ring, first, steps) => {
        const region = page();
        setIndices(region, ring, first, first);
        const sent: number[] = [];
        const got: number[] = [];
        let next = 0;
        for (const { write, bytes } of steps) {
          const buffer = new Uint8Array(bytes);
          if (write) {
            for (let i = 0; i < bytes; i++) buffer[i] = (next + i) % 251;
            const done = writeRing(region, ring, buffer, 0, bytes);
            expect(done).toBe(Math.min(bytes, ring.size - (sent.length - got.length)));
            sent.push(...buffer.subarray(0, done));
            next += done;
          } else {
            const done = readRing(region, ring, buffer, 0, bytes);
            expect(done).toBe(Math.min(bytes, sent.length - got.length));
            got.push(...buffer.subarray(0, done));
          }
          expect(ringReady(region, ring)).toBe(sent.length - got.length);
        }
        expect(got).toEqual(sent.slice(0, got.length));
      },
    ),
  );
});

it('never reads or writes outside the page, whatever the indices say', () => {
  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(RINGS)), u32, u32, (ring, cons, prod) => {
      const region = page();
      setIndices(region, ring, cons, prod);
      const into = new Uint8Array(4096);
      const read = readRing(region, ring, into, 0, 4096);
      expect(read).toBeGreaterThanOrEqual(BROKEN);
      expect(read).toBeLessThanOrEqual(ring.size);
      const written = writeRing(region, ring, into, 0, 4096);
      expect(written === BROKEN).toBe(read === BROKEN);
      expect(written).toBeLessThanOrEqual(ring.size);
    }),
  );
});
