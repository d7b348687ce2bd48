import { describe, expect, it } from 'vitest';
import { prng } from './prng.ts';
import { createRate, fill, giveBack, type Rate, spend, waitMs } from './rate.ts';

const MIB = 2 ** 20;
const PAGE = 4096;
const BURST = { ms: 100, bytes: MIB };

const of = (bytes: number, operations = 0): Rate =>
  createRate({ bytes, operations }, BURST, 0) as Rate;

/** Begins operations of so many bytes up to `toMs`, each as soon as it may; how many. */
function begun(rate: Rate, bytes: number, fromMs: number, toMs: number, stepMs = 0.7): number {
  let count = 0;
  for (let now = fromMs; now < toMs; now += stepMs) {
    fill(rate, now);
    for (; waitMs(rate, bytes) === 0; count++) spend(rate, bytes);
  }
  return count;
}

it('none is none', () => {
  expect(createRate({ bytes: 0, operations: 0 }, BURST, 5)).toBeUndefined();
});

describe('a burst is', () => {
  it.each([
    ['100 ms of bytes', of(100 * MIB), PAGE, (10 * MIB) / PAGE],
    ['one largest request, if that is more', of(MIB), MIB, 1],
    ['100 ms of operations', of(0, 500), PAGE, 50],
    ['one operation, if that is more', of(0, 3), PAGE, 1],
    ['what both let pass: bytes', of(MIB, 100_000), PAGE, MIB / PAGE],
    ['what both let pass: operations', of(1000 * MIB, 100), PAGE, 10],
  ])('%s', (_, rate, bytes, want) => {
    expect(begun(rate, bytes, 0, 0.5)).toBe(want);
  });
});

describe('in 100 seconds the burst passes and what the rate says, and not one more', () => {
  it.each([
    ['bytes', of(3 * MIB), PAGE, (MIB + 300 * MIB) / PAGE],
    ['bytes at an odd rate', of(1_234_567), 512, Math.floor((MIB + 123_456_700) / 512)],
    ['operations', of(0, 20), 0, 2002],
    // A bucket of one operation is full after 143 ms, and the last fraction runs over.
    ['few operations', of(0, 7), 0, 1 + Math.floor(100_000 / 143)],
    ['operations that divide no second', of(0, 333), 0, 33_333],
  ])('%s', (_, rate, bytes, want) => {
    expect(begun(rate, bytes, 0, 100_001, 1)).toBe(want);
  });
});

it('looks between two milliseconds change nothing', () => {
  const [often, seldom] = [of(999_999_937), of(999_999_937)];
  for (const rate of [often, seldom]) spend(rate, 99_999_993);
  for (let now = 0; now <= 90; now += 1 / 97) fill(often, now);
  fill(seldom, 89);
  fill(seldom, 90);
  fill(often, 90);
  expect(often).toEqual(seldom);
  expect(often.bytes?.level).toBe(700 + 90 * 999_999_937);
});

it('who asks for more than there can be passes a full bucket, and pays', () => {
  const rate = of(MIB);
  expect(waitMs(rate, 5 * MIB)).toBe(0);
  spend(rate, 5 * MIB);
  expect(waitMs(rate, 512)).toBeGreaterThan(4000);
  // Empty but for 512 bytes: in debt of four bursts, and then the one.
  expect(waitMs(rate, 5 * MIB)).toBe(5000);
});

it.each([
  ['a byte', of(1000), 1, 1],
  ['a page', of(1_000_000), PAGE, 5],
  ['an operation', of(0, 3), 0, 334],
])('says how long %s waits, and then it passes', (_, rate, bytes, want) => {
  while (waitMs(rate, bytes) === 0) spend(rate, bytes);
  const wait = waitMs(rate, bytes);
  expect(wait).toBeLessThanOrEqual(want);
  fill(rate, rate.filledMs + wait - 1);
  expect(waitMs(rate, bytes)).toBe(1);
  fill(rate, rate.filledMs + 1);
  expect(waitMs(rate, bytes)).toBe(0);
});

it('what is given back may be spent, and is never more than the bucket holds', () => {
  const rate = of(MIB);
  spend(rate, MIB);
  giveBack(rate, PAGE);
  expect([waitMs(rate, PAGE), waitMs(rate, PAGE + 1)]).toEqual([0, 1]);
  giveBack(rate, 100 * MIB);
  expect(begun(rate, PAGE, 0, 0.5)).toBe(MIB / PAGE);
});

it('time that goes back gives nothing, and takes nothing', () => {
  const rate = of(0, 10);
  fill(rate, 50_000);
  spend(rate, 0);
  fill(rate, 10);
  expect(waitMs(rate, 0)).toBe(100);
  fill(rate, 50_099);
  expect(waitMs(rate, 0)).toBe(1);
});

it('sums are whole numbers, whatever comes, at the largest rates and after any time', () => {
  const random = prng(3);
  const rate = of(2 ** 40, 2 ** 40);
  let now = 0;
  for (let i = 0; i < 10_000; i++) {
    now += random.chance(0.01) ? 2 ** 40 : random.below(1000) / 7;
    fill(rate, now);
    spend(rate, random.below(MIB));
    giveBack(rate, random.below(PAGE));
    for (const bucket of [rate.bytes, rate.operations]) {
      expect(Number.isSafeInteger(bucket?.level)).toBe(true);
      expect(bucket?.level).toBeLessThanOrEqual(bucket?.capacity as number);
    }
  }
});
