/** How soon a program is started again. */

import { expect, it } from 'vitest';
import { afterEnd, FRESH, type Record } from './core.ts';

function pauses(lives: readonly number[]): number[] {
  let record: Record = FRESH;
  return lives.map((livedMs) => {
    const verdict = afterEnd(record, livedMs);
    record = verdict.record;
    return verdict.pauseMs;
  });
}

it.each([
  ['once', [3], [0]],
  ['after a long life, again and again', [1e6, 1e6, 1e6], [0, 0, 0]],
  ['at once, again and again', [1, 1, 1, 1, 1], [0, 100, 200, 400, 800]],
  [
    'at once, for ever',
    Array(12).fill(1),
    [0, 100, 200, 400, 800, 1600, 3200, 6400, 1e4, 1e4, 1e4, 1e4],
  ],
  ['at once, and then after a long life', [1, 1, 1, 1e5, 1], [0, 100, 200, 0, 0]],
])('a program that ends %s', (_, lives, want) => {
  expect(pauses(lives)).toEqual(want);
});
