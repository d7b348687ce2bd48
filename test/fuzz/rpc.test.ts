/** A few worlds of each kind that `npm run fuzz -- rpc` and `-- vchan` go through. */

import { describe, expect, it } from 'vitest';
import { rpc, vchan } from './targets.ts';

const seeds = Array.from({ length: 8 }, (_, i) => i + 1);

describe.each(Object.entries({ ...rpc.worlds, ...vchan.worlds }))('kind %s', (_, world) => {
  it.each(seeds)('each case is looked at, seed %d', async (seed) => {
    let cases = 0;
    await world(seed, 200, () => {
      cases++;
    });
    expect(cases).toBe(200);
  });
});
