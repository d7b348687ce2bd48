import { describe, expect, it } from 'vitest';
import { prng } from './prng.ts';

const take = (seed: number, count: number) => {
  const rng = prng(seed);
  return Array.from({ length: count }, () => rng.next());
};

describe('the generator', () => {
  it('gives the same numbers for the same seed, for ever', () => {
    expect(take(7, 100)).toEqual(take(7, 100));
    // A change of these numbers changes every simulation that somebody noted by its seed.
    expect(take(1, 3)).toMatchInlineSnapshot(`
      [
        1506684997,
        389392296,
        138374344,
      ]
    `);
  });

  it('gives other numbers for another seed', () => {
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => take(seed, 1)[0]));
    expect(firsts.size).toBeGreaterThan(995);
  });

  it('gives every u32 its chance', () => {
    const numbers = take(3, 10_000);
    expect(numbers.every((n) => Number.isInteger(n) && n >= 0 && n <= 0xffffffff)).toBe(true);
    for (let bit = 0; bit < 32; bit++) {
      const ones = numbers.filter((n) => (n >>> bit) & 1).length;
      expect(Math.abs(ones - 5000), `bit ${bit}`).toBeLessThan(250);
    }
  });

  it.each([1, 2, 6, 1000, 2 ** 32])('stays below %d', (bound) => {
    const rng = prng(5);
    const numbers = Array.from({ length: 5000 }, () => rng.below(bound));
    expect(numbers.every((n) => Number.isInteger(n) && n >= 0 && n < bound)).toBe(true);
    if (bound <= 6) expect(new Set(numbers).size).toBe(bound);
  });

  it('takes chances as often as it is told', () => {
    const rng = prng(9);
    const rate = (p: number) =>
      Array.from({ length: 10_000 }, () => rng.chance(p)).filter(Boolean).length / 10_000;
    expect(rate(0)).toBe(0);
    expect(rate(1)).toBe(1);
    expect(rate(0.3)).toBeCloseTo(0.3, 1);
  });

  it('picks each of some items', () => {
    const rng = prng(2);
    const picked = new Set(Array.from({ length: 200 }, () => rng.pick(['a', 'b', 'c'])));
    expect([...picked].sort()).toEqual(['a', 'b', 'c']);
  });
});
