/** A few worlds of each kind that `npm run fuzz -- blkback-ring` goes through. */

import { describe, expect, it } from 'vitest';
import { journalWorld } from './blkback-ring.ts';
import { blkbackRing } from './targets.ts';

const seeds = Array.from({ length: 8 }, (_, i) => i + 1);

describe.each(Object.entries(blkbackRing.worlds))('requests to a backend, kind %s', (_, world) => {
  it.each(seeds)('are each answered once, seed %d', async (seed) => {
    let cases = 0;
    await world(seed, 400, () => {
      cases++;
    });
    expect(cases).toBe(400);
  });
});

it('a journal that is damaged is sometimes as good, and mostly refused', async () => {
  const outcomes = { adopted: 0, refused: 0 };
  for (let seed = 20; seed < 25; seed++) await journalWorld(outcomes)(seed, 300, () => {});
  expect(outcomes.adopted).toBeGreaterThan(5);
  expect(outcomes.refused).toBeGreaterThan(20);
});
