import { expect, test } from 'vitest';
import { prng } from '../../core/prng.ts';
import { Timers } from './timers.ts';

const fail = () => expect.unreachable('it was taken back');

test('calls are made in the order of their times, and of asking at the same time', () => {
  const timers = new Timers();
  const made: string[] = [];
  for (const [at, name] of [
    [5, 'c'],
    [1, 'a'],
    [5, 'd'],
    [2, 'b'],
  ] as const) {
    timers.add(at, () => made.push(name));
  }
  expect(timers.earliest).toBe(1);
  timers.run(4);
  expect(made.join('')).toBe('ab');
  timers.run(5);
  expect(made.join('')).toBe('abcd');
  expect(timers.earliest).toBe(Number.POSITIVE_INFINITY);
});

test('what is taken back is not called, before or after its time', () => {
  const timers = new Timers();
  let calls = 0;
  const cancel = timers.add(1, () => calls++);
  const late = timers.add(2, () => calls++);
  cancel();
  cancel();
  expect(timers.earliest).toBe(2);
  timers.run(9);
  late();
  expect(calls).toBe(1);
  expect(timers.earliest).toBe(Number.POSITIVE_INFINITY);
});

test('what is taken back is gone at once, however far away it was', () => {
  const timers = new Timers();
  const cancels = Array.from({ length: 2000 }, (_, i) =>
    timers.add(1e9 + ((i * 7919) % 2000), fail),
  );
  timers.add(1e12, fail);
  for (const cancel of cancels) cancel();
  expect([timers.size, timers.earliest]).toEqual([1, 1e12]);
});

test('what a call adds waits for the next run, even if it is due', () => {
  const timers = new Timers();
  const made: number[] = [];
  timers.add(1, () => {
    made.push(1);
    timers.add(0, () => made.push(2));
  });
  timers.run(5);
  expect(made).toEqual([1]);
  timers.run(5);
  expect(made).toEqual([1, 2]);
});

test('a thousand random timers come in order, without those taken back', () => {
  const rng = prng(7);
  const timers = new Timers();
  const wanted: number[] = [];
  const made: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const at = rng.below(500);
    const cancel = timers.add(at, () => made.push(at));
    if (rng.chance(0.3)) cancel();
    else wanted.push(at);
  }
  for (let now = 0; now < 500; now += 7) timers.run(now);
  timers.run(500);
  expect(made).toEqual(wanted.sort((a, b) => a - b));
});
