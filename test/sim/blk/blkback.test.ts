/** The block backend's core against a guest that checks everything, and dies at every store. */

import { describe, expect, it } from 'vitest';
import { turn } from '../../../drivers/blkback/core/turn.ts';
import { prng } from '../../../shared/core/prng.ts';
import { diesAt, Killed } from './deaths.ts';
import { ask, type GuestQueue, isQuiet, publishAll, takeAnswers } from './guest.ts';
import {
  createWorld,
  expectTheSame,
  finishAll,
  moveJournals,
  protocols,
  takeOver,
} from './world.ts';

describe.each(Object.entries(protocols))(
  'frontend trap 1, disk trap 7: frontends of %s',
  (_, protocol) => {
    it.each(Array.from({ length: 20 }, (_, seed) => seed))('are served, seed %i', (seed) => {
      const random = prng(seed);
      const world = createWorld(random, protocol, { queues: 1 + (seed % 3) });
      for (let step = 0; step < 600; step++) {
        for (let asks = random.below(12); asks > 0; asks--) ask(world.guest, random);
        publishAll(world.guest);
        if (random.chance(0.8)) turn(world.disk);
        world.memory.step();
        takeAnswers(world.guest);
      }
      finishAll(world);
      expectTheSame(world);
      expect(world.guest.answered).toBeGreaterThan(300);
      expect([world.reports, world.broken]).toEqual([[], []]);
    });
  },
);

describe('a backend that dies', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'is not noticed, wherever its journals are, seed %i',
    (seed) => {
      const random = prng(1000 + seed);
      const world = createWorld(random, protocols['64 bits'], { queues: 1 + (seed % 2) });
      let deaths = 0;
      for (let step = 0; step < 400; step++) {
        for (let asks = random.below(12); asks > 0; asks--) ask(world.guest, random);
        publishAll(world.guest);
        if (diesAt(random.below(120), () => turn(world.disk)) === undefined) {
          deaths++;
          // Death comes so often that it meets the same request again and again.
          takeOver(world, 99);
        }
        if (random.chance(0.1)) moveJournals(world);
        world.memory.step();
        takeAnswers(world.guest);
      }
      finishAll(world);
      expectTheSame(world);
      expect(deaths).toBeGreaterThan(5);
      expect([world.reports, world.broken]).toEqual([[], []]);
    },
  );

  /** The same few requests, killed at the n-th store: false if it did not come to that. */
  function killedAt(n: number, seed: number): boolean {
    const random = prng(seed);
    const world = createWorld(random, protocols['64 bits']);
    let left: number | undefined = n;
    for (let step = 0; step < 20 && left !== undefined; step++) {
      for (let asks = 0; asks < 6; asks++) ask(world.guest, random);
      publishAll(world.guest);
      left = diesAt(left, () => turn(world.disk));
      if (left === undefined) takeOver(world);
      world.memory.step();
      takeAnswers(world.guest);
    }
    finishAll(world);
    expectTheSame(world);
    expect(world.reports).toEqual([]);
    return left === undefined;
  }

  it.each([3, 4, 5])('is not noticed, whatever its last store was, seed %i', (seed) => {
    let stores = 0;
    while (killedAt(stores, seed)) stores++;
    expect(stores).toBeGreaterThan(140);
  });

  it('at the same request twice answers it with an error, and only that one', () => {
    const random = prng(5);
    const world = createWorld(random, protocols['64 bits']);
    const queue = world.guest.queues[0] as GuestQueue;
    while (queue.asked.size < 20) ask(world.guest, random);
    const [deadly] = [...queue.asked.values()].filter(({ operation }) => operation === 1);
    publishAll(world.guest);
    const { write } = world.memory.io;
    Object.assign(world.memory.io, {
      write: (...args: Parameters<typeof write>) => {
        if (args[1] === deadly?.sector) throw new Killed('killed by a request');
        write(...args);
      },
    });
    let deaths = 0;
    for (let step = 0; !isQuiet(world.guest) && step < 500; step++) {
      try {
        turn(world.disk);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        deaths++;
        takeOver(world);
      }
      world.memory.step();
      takeAnswers(world.guest, (asked) => (asked === deadly ? -1 : 0));
    }
    expect([isQuiet(world.guest), deaths]).toEqual([true, 2]);
    expect(world.reports).toEqual(['a request at which the backend died twice']);
    expectTheSame(world);
  });
});
