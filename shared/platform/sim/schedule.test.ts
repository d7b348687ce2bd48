/** Virtual time: order, ties, and driving it. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../core/prng.ts';
import { drive } from './drive.ts';
import { schedule } from './schedule.ts';

function runAll(seed: number, delays: readonly number[]): string {
  const plan = schedule(prng(seed));
  const done: string[] = [];
  delays.forEach((ns, i) => {
    plan.after(ns, () => done.push(`${i}@${plan.nowNs()}`));
  });
  while (plan.nextNs() !== undefined) plan.step();
  return done.join(' ');
}

describe('schedule', () => {
  it('does things in the order of their times', () => {
    expect(runAll(1, [30, 10, 20])).toBe('1@10 2@20 0@30');
  });

  it('keeps that order for a thousand random times', () => {
    const rng = prng(7);
    const delays = Array.from({ length: 1000 }, () => rng.below(5000));
    const times = runAll(1, delays)
      .split(' ')
      .map((entry) => Number(entry.split('@')[1]));
    expect(times).toEqual([...delays].sort((a, b) => a - b));
  });

  it('orders equal times by the seed', () => {
    const same = Array.from({ length: 20 }, () => 5);
    expect(runAll(1, same)).toBe(runAll(1, same));
    expect(runAll(1, same)).not.toBe(runAll(2, same));
  });

  it('forgets what is taken back', () => {
    const plan = schedule(prng(1));
    const done: number[] = [];
    const cancels = [1, 2, 3].map((ns) => plan.after(ns, () => done.push(ns)));
    cancels[0]?.();
    cancels[2]?.();
    expect(plan.planned()).toBe(1);
    while (plan.nextNs() !== undefined) plan.step();
    expect(done).toEqual([2]);
  });
});

describe('drive', () => {
  const sleeper = () => {
    const plan = schedule(prng(1));
    const sleep = (ms: number) => new Promise<void>((resolve) => plan.after(ms * 1e6, resolve));
    return { plan, sleep, time: drive(plan, 20) };
  };

  it('runs a promise to its end in virtual time', async () => {
    const { plan, sleep, time } = sleeper();
    const work = async () => {
      for (let i = 0; i < 10; i++) await sleep(60_000);
      return 'done';
    };
    expect(await time.run(work())).toBe('done');
    expect(plan.nowNs()).toBe(600e9);
  });

  it('lets everything that is ready run before time goes on', async () => {
    const { plan, sleep, time } = sleeper();
    const order: string[] = [];
    plan.after(2, () => order.push('later'));
    const chain = async () => {
      await sleep(0.000001);
      for (let i = 0; i < 50; i++) await undefined;
      order.push('chain');
    };
    await time.run(chain());
    await time.settle();
    expect(order).toEqual(['chain', 'later']);
  });

  it('advances to a time and no further', async () => {
    const { plan, sleep, time } = sleeper();
    const woken: number[] = [];
    for (const ms of [10, 20, 30]) void sleep(ms).then(() => woken.push(ms));
    await time.advance(25);
    expect(woken).toEqual([10, 20]);
    expect(plan.nowNs()).toBe(25e6);
  });

  it('says so when nothing can settle the promise', async () => {
    const { time } = sleeper();
    await expect(time.run(new Promise(() => {}))).rejects.toThrow('nothing is left to happen');
  });

  it('gives up after an hour of virtual time', async () => {
    const { sleep, time } = sleeper();
    const forever = async () => {
      for (;;) await sleep(60_000);
    };
    await expect(time.run(forever())).rejects.toThrow('an hour of virtual time');
  });

  it('waits for the host where a promise needs it', async () => {
    const { time } = sleeper();
    const file = new Promise((resolve) => setTimeout(() => resolve('read'), 8));
    expect(await time.run(file)).toBe('read');
  });

  it('passes on what the promise was rejected with', async () => {
    const { sleep, time } = sleeper();
    const work = sleep(1).then(() => {
      throw new Error('went wrong');
    });
    await expect(time.run(work)).rejects.toThrow('went wrong');
  });
});
