/** A seeded generator for simulations and tests: same seed, same run. Not for secrets. */

export interface Prng {
  /** A u32. */
  next(): number;
  /** An integer in [0, bound), bound at most 2^32. */
  below(bound: number): number;
  /** True with the given probability in [0, 1]. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** sfc32, warmed up from a u32 seed. */
export function prng(seed: number): Prng {
  let a = seed | 0;
  let b = 0x9e3779b9 | 0;
  let c = 0x243f6a88 | 0;
  let counter = 1;
  const next = (): number => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 16; i++) next();
  const below = (bound: number): number => Math.floor((next() / 0x100000000) * bound);
  return {
    next,
    below,
    chance: (probability) => next() / 0x100000000 < probability,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
  };
}
