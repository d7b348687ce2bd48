/**
 * No wake-up is lost, whatever the order in which both ends reach the shared memory: each access
 * may be followed by some of the other end's, and nobody wakes but by an event.
 */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPair, type Pair } from './interleave.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await openPair();
});
afterAll(() => pair.close());

const SEEDS = 250;

it.each([
  ['streams of small pieces', false, 40, 2],
  ['streams of pieces as large as a ring', false, 2048, 3],
  ['streams that are seldom interrupted', false, 700, 9],
  ['packets of small sizes', true, 40, 2],
  ['packets as large as a ring', true, 1024, 3],
  ['packets that are seldom interrupted', true, 700, 9],
] as const)('in %s', async (_, packets, most, rarity) => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const total = most < 100 ? 600 : 6000;
    // A wish for room that is lost is made up for by what the other end writes, if it does.
    const bytes = [seed % 3 === 1 ? 0 : total, seed % 3 === 2 ? 0 : total] as const;
    const start = seed % 2 === 0 ? 0 : -1000;
    const outcomes = await pair.run({ seed, packets, bytes, most, rarity, start });
    expect([seed, ...outcomes]).toEqual([seed, 'ok', 'ok']);
  }
});
