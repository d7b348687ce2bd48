/** A few worlds of each kind that `npm run fuzz -- netback` goes through. */

import { describe, expect, it } from 'vitest';
import { netback } from './targets.ts';

const seeds = Array.from({ length: 6 }, (_, i) => i + 1);

describe.each(Object.entries(netback.worlds))('packets to a backend, kind %s', (_, world) => {
  it.each(seeds)('are each answered once, seed %d', async (seed) => {
    let cases = 0;
    await world(seed, 400, () => {
      cases++;
    });
    expect(cases).toBe(400);
  });
});
