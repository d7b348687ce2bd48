/** Lines for a slow reader: none is lost uncounted, and no more waits than may. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { createLineQueue, type LineQueue } from './line-queue.unix.ts';

const MAX = 4096;

/** Takes `count` bytes of what waits. */
function take(queue: LineQueue, count: number): string {
  const bytes = queue.waiting().subarray(0, count);
  const text = Buffer.from(bytes).toString('latin1');
  queue.consume(bytes.length);
  return text;
}

it('gives lines as they came, and keeps nothing that was taken', () => {
  const queue = createLineQueue(MAX);
  queue.push('one');
  queue.push('two');
  expect(take(queue, 5)).toBe('one\nt');
  queue.push('three');
  expect(take(queue, MAX)).toBe('wo\nthree\n');
  expect(queue.waiting()).toHaveLength(0);
});

it('counts what it has no room for, and begins again with half of its room', () => {
  const queue = createLineQueue(MAX);
  const line = 'x'.repeat(63);
  for (let i = 0; i < 100; i++) if (queue.wants()) queue.push(line);
  expect(queue.waiting()).toHaveLength(MAX);
  take(queue, MAX / 2 - 1);
  expect(queue.wants()).toBe(false);
  take(queue, 1);
  expect(queue.wants()).toBe(true);
  queue.push('next');
  expect(take(queue, MAX).endsWith(`${line}\n37 lines dropped\nnext\n`)).toBe(true);
});

describe('whatever a reader does', () => {
  it.each([1, 2, 3, 4, 5, 6])('no line is lost uncounted, and no more waits (seed %i)', (seed) => {
    const random = prng(seed);
    const queue = createLineQueue(MAX);
    const eager = random.below(3) + 1;
    let text = '';
    const lines = Array.from({ length: 5000 }, (_, i) => `${i}${'x'.repeat(random.below(200))}`);
    for (const line of lines) {
      if (queue.wants()) queue.push(line);
      expect(queue.waiting().length).toBeLessThanOrEqual(MAX);
      if (random.below(4) < eager) text += take(queue, random.below(300));
    }
    text += take(queue, MAX);
    queue.push('last');
    text += take(queue, MAX);
    let next = 0;
    const read = text.split('\n');
    expect(read.pop()).toBe('');
    for (const line of read) {
      const dropped = /^(\d+) lines dropped$/.exec(line);
      if (dropped === null) expect(line).toBe(lines[next++] ?? 'last');
      else next += Number(dropped[1]);
    }
    expect(next).toBe(lines.length + 1);
  });
});
