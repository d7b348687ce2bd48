/** A few worlds of each kind that `npm run fuzz -- xenstored` goes through. */

import { describe, expect, it } from 'vitest';
import { xenstored } from './targets.ts';

const seeds = Array.from({ length: 20 }, (_, i) => i + 1);

describe.each(Object.entries(xenstored.worlds))('hostile input, kind %s', (_name, world) => {
  it.each(seeds)('harms nobody but its sender, seed %d', async (seed) => {
    let cases = 0;
    await world(seed, 120, () => {
      cases++;
    });
    expect(cases).toBe(120);
  });
});
