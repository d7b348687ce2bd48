import { expect, it } from 'vitest';
import { createWakefulness } from './wakefulness.ts';

/** A loop whose rounds take 10 us each while somebody keeps it awake. */
function loop(processors = 2) {
  let now = 0;
  let next: (() => void) | undefined;
  const worked = createWakefulness({
    nowMs: () => now,
    soon: (run) => {
      next = run;
    },
    processors,
  });
  /** Rounds until it sleeps, if work comes every `every` rounds. */
  const run = (rounds: number, every = Number.POSITIVE_INFINITY): number => {
    let taken = 0;
    while (next !== undefined && taken < rounds) {
      const look = next;
      next = undefined;
      now += 0.01;
      if (++taken % every === 0) worked();
      look();
    }
    return taken;
  };
  return { worked, run, asleep: () => next === undefined };
}

it('stays awake for a moment after work', () => {
  const { worked, run, asleep } = loop();
  worked();
  expect(run(100)).toBe(6);
  expect(asleep()).toBe(true);
});

it('stays awake as long as work comes', () => {
  const { worked, run, asleep } = loop();
  worked();
  expect(run(1000, 5)).toBe(1000);
  expect(asleep()).toBe(false);
  run(100);
  expect(asleep()).toBe(true);
});

it('stays awake ever less often in vain, and again once it pays', () => {
  const { worked, run } = loop();
  const vigils = (times: number, every?: number): number => {
    let count = 0;
    for (let i = 0; i < times; i++) {
      worked();
      if (run(1000, every) > 0) count++;
    }
    return count;
  };
  expect(vigils(10_000)).toBeLessThan(60);
  expect(vigils(5000, 5)).toBeGreaterThan(0);
  expect(vigils(100, 5)).toBe(100);
});

it('never does with one processor', () => {
  const { worked, asleep } = loop(1);
  worked();
  expect(asleep()).toBe(true);
});
