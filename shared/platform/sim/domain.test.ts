import { expect, test } from 'vitest';
import { type SimDomain, whenRunning } from './domain.ts';

test('what a paused domain takes back does not wait for it to run again', () => {
  const waiting = new Set<() => void>();
  const parts: Partial<SimDomain> = { life: 'alive', pauses: 1, postponed: waiting };
  const done: number[] = [];
  const cancels = [1, 2, 3].map((n) => whenRunning(parts as SimDomain, () => done.push(n)));
  cancels[0]?.();
  cancels[2]?.();
  cancels[2]?.();
  for (const run of waiting) run();
  expect([waiting.size, ...done]).toEqual([1, 2]);
});
