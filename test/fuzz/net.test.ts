/** A few worlds of each kind that `npm run fuzz -- net` goes through. */

import { describe, expect, it } from 'vitest';
import { net } from './targets.ts';

const seeds = Array.from({ length: 6 }, (_, i) => i + 1);

describe.each(Object.entries(net.worlds))('the network, kind %s', (_, world) => {
  it.each(seeds)('bears what comes, seed %d', async (seed) => {
    let cases = 0;
    await world(seed, 300, () => {
      cases++;
    });
    expect(cases).toBe(300);
  });
});
