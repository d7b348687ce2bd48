import fc from 'fast-check';
import { expect, it } from 'vitest';
import { add32, sub32 } from './u32.ts';

const u32 = fc.integer({ min: 0, max: 0xffffffff });

it.each([
  [0, 0, 0],
  [0xffffffff, 1, 0],
  [0xffffffff, 0xffffffff, 0xfffffffe],
  [0x80000000, 0x80000000, 0],
])('%d + %d is %d', (a, b, sum) => {
  expect(add32(a, b)).toBe(sum);
});

it.each([
  [5, 3, 2],
  [0, 1, 0xffffffff],
  [3, 0xfffffffe, 5],
  [0x80000000, 0, 0x80000000],
])('%d is ahead of %d by %d', (a, b, distance) => {
  expect(sub32(a, b)).toBe(distance);
});

it('how far is what was added, across the wrap', () => {
  fc.assert(
    fc.property(u32, u32, (a, b) => {
      expect(sub32(add32(a, b), a)).toBe(b);
      expect(BigInt(add32(a, b))).toBe((BigInt(a) + BigInt(b)) & 0xffffffffn);
    }),
  );
});
