/** A disk that may do so much in a second: what its guest gets, and what it is counted. */

import { describe, expect, it } from 'vitest';
import { isIdle } from '../../../drivers/blkback/core/disk.ts';
import { WAITING_MAX } from '../../../drivers/blkback/core/limits.ts';
import { turn } from '../../../drivers/blkback/core/turn.ts';
import {
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
} from '../../../shared/abi/blkif.ts';
import { prng } from '../../../shared/core/prng.ts';
import type { RateLimits } from '../../../shared/core/rate.ts';
import { must } from '../../../shared/core/result.ts';
import { publishRequests, requestRoom, takeResponses } from '../../../shared/ring/io-ring.ts';
import { readCounters } from '../../../shared/telemetry/blk-counters.ts';
import { type Asked, ask, publishAll, put, takeAnswers } from './guest.ts';
import { createWorld, expectTheSame, finishAll, protocols, type World } from './world.ts';

const MIB = 2 ** 20;
const NONE = { sector: 0, segments: [], data: new Uint8Array(0), pages: [] };

const open = (rate: RateLimits, queues = 1): World =>
  createWorld(prng(1), protocols['64 bits'], { rate, queues });

/** A request for whole pages, each of them the same one. */
function whole({ guest }: World, operation: number, pages: number, sector = 0): Asked {
  guest.pages.set(1, new Uint8Array(4096));
  const segments = Array.from({ length: pages }, () => ({ gref: 1, first: 0, last: 7 }));
  return { ...NONE, operation, sector, segments };
}

const answers = new Int32Array(28 * 64);

/** Fills the rings whenever there is room, for so long; what was answered, and turns in vain. */
function flood(world: World, what: Asked, forMs: number): { answered: number; idle: number } {
  let [answered, idle] = [0, 0];
  let isWanted = true;
  const endUs = world.nowUs + forMs * 1000;
  while (world.nowUs <= endUs) {
    for (const queue of world.guest.queues) {
      while (requestRoom(queue.front) > 0) put(world.guest, queue, what);
      if (publishRequests(queue.front)) isWanted = true;
    }
    const before = world.disk.busy;
    while (isWanted) {
      isWanted = turn(world.disk);
      if (isWanted && world.disk.busy === before) idle++;
    }
    world.memory.step();
    let now = 0;
    for (const queue of world.guest.queues) now += takeResponses(queue.front, answers, 64);
    answered += now;
    // The disk has completed something, or tokens are due.
    if (world.disk.busy > 0 || world.nowUs >= world.dueUs) isWanted = true;
    world.nowUs += 250;
  }
  return { answered, idle };
}

describe('in ten seconds', () => {
  it.each([
    ['bytes of reads', { bytes: 4 * MIB, operations: 0 }, BLKIF_OP_READ, 8, 1280 + 32],
    ['bytes of writes', { bytes: 4 * MIB, operations: 0 }, BLKIF_OP_WRITE, 8, 1280 + 32],
    ['reads', { bytes: 0, operations: 200 }, BLKIF_OP_READ, 1, 2020],
    ['flushes', { bytes: MIB, operations: 200 }, BLKIF_OP_FLUSH_DISKCACHE, 0, 2020],
    ['barriers', { bytes: 0, operations: 50 }, BLKIF_OP_WRITE_BARRIER, 1, 505],
    ['what nobody knows', { bytes: 0, operations: 200 }, 99, 0, 2020],
  ] as [string, RateLimits, number, number, number][])(
    'as many %s pass as the rate says, and its burst',
    (_, rate, operation, pages, want) => {
      for (const queues of [1, 3]) {
        const world = open(rate, queues);
        const { answered } = flood(world, whole(world, operation, pages), 10_000);
        // A disk that ends what is under way when it likes owes some answers.
        expect(answered).toBeLessThanOrEqual(want + 1);
        expect(answered).toBeGreaterThan(want * 0.98 - 40);
      }
    },
  );
});

it('what waits for its rate stays in the ring but for a few, and no turn is in vain', () => {
  const world = open({ bytes: 0, operations: 10 }, 2);
  const { idle } = flood(world, whole(world, BLKIF_OP_READ, 1), 2000);
  expect(idle).toBeLessThan(10);
  for (const { waiting, entries, free } of world.disk.queues) {
    expect(waiting.count).toBeLessThanOrEqual(WAITING_MAX);
    expect(entries.length - free.count).toBeLessThanOrEqual(WAITING_MAX + 1);
  }
});

it('requests are begun in their order', () => {
  const world = open({ bytes: MIB, operations: 0 });
  const order: number[] = [];
  const { read } = world.memory.io;
  Object.assign(world.memory.io, {
    read: (...args: Parameters<typeof read>) => {
      order.push(args[1]);
      read(...args);
    },
  });
  const sizes = [11, 1, 11, 2, 11, 11, 1, 5, 11, 3, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11];
  const [queue] = world.guest.queues;
  if (queue === undefined) throw new Error('no ring');
  const sizesOf = Array.from({ length: 32 }, (_, i) => sizes[i % sizes.length] as number);
  sizesOf.forEach((pages, i) => {
    put(world.guest, queue, whole(world, BLKIF_OP_READ, pages, 100 * i));
  });
  publishAll(world.guest);
  while (turn(world.disk));
  expect(order.length).toBeLessThan(32);
  expect(world.dueUs).toBeGreaterThan(world.nowUs);
  for (let i = 0; i < 400; i++) {
    world.nowUs += 1000;
    turn(world.disk);
    world.memory.step();
  }
  expect(order).toEqual(Array.from({ length: 32 }, (_, i) => 100 * i));
});

it('a disk that is closed finishes what it has taken at once', () => {
  const world = open({ bytes: 0, operations: 1 });
  const [queue] = world.guest.queues;
  if (queue === undefined) throw new Error('no ring');
  for (let i = 0; i < 20; i++) put(world.guest, queue, whole(world, BLKIF_OP_READ, 1));
  publishAll(world.guest);
  turn(world.disk);
  expect(world.disk.busy).toBe(1);
  world.disk.isClosing = true;
  for (let i = 0; i < 100; i++) {
    turn(world.disk);
    world.memory.step();
  }
  expect(isIdle(world.disk)).toBe(true);
  expect(takeResponses(queue.front, answers, 64)).toBe(20);
});

it.each([1, 2, 3, 4])('a rate changes nothing but time, seed %i', (seed) => {
  const random = prng(seed);
  const rate = { bytes: 3 * MIB, operations: 150 };
  const world = createWorld(random, protocols['32 bits'], { rate, queues: 1 + (seed % 3) });
  for (let step = 0; step < 300; step++) {
    for (let asks = random.below(12); asks > 0; asks--) ask(world.guest, random);
    publishAll(world.guest);
    turn(world.disk);
    world.nowUs += random.below(20_000);
    world.memory.step();
    takeAnswers(world.guest);
  }
  finishAll(world);
  expectTheSame(world);
  expect(world.guest.answered).toBeGreaterThan(100);
});

describe('counters', () => {
  it.each([1, 2, 3])('count what the guest has got, seed %i', (seed) => {
    const random = prng(seed);
    const world = createWorld(random, protocols['64 bits'], { queues: 2 });
    const want = new Map<number, { requests: number; bytes: number; errors: number }>();
    world.memory.fails = (kind) => kind !== 'flush' && random.chance(0.1);
    const note = (asked: Asked, isDone: boolean): void => {
      const { operation, data, sectors = 0 } = asked;
      const counts = want.get(operation) ?? { requests: 0, bytes: 0, errors: 0 };
      counts.requests++;
      if (isDone) counts.bytes += data.length || sectors * 512;
      else counts.errors++;
      want.set(operation, counts);
    };
    for (let step = 0; step < 400; step++) {
      for (let asks = random.below(8); asks > 0; asks--) ask(world.guest, random);
      publishAll(world.guest);
      turn(world.disk);
      world.nowUs += 7;
      world.memory.step();
      for (const queue of world.guest.queues) {
        const count = takeResponses(queue.front, answers, 64);
        for (let i = 0; i < count; i++) {
          const asked = queue.asked.get(answers[28 * i] as number) as Asked;
          queue.asked.delete(answers[28 * i] as number);
          note(asked, (answers[28 * i + 2] as number) >> 16 === 0);
        }
      }
    }
    const counters = must(readCounters(world.stats));
    const none = { requests: 0, bytes: 0, errors: 0 };
    const of = (operation: number) => want.get(operation) ?? none;
    const [barrier, flush] = [of(2), of(3)];
    expect(counters.kinds).toEqual({
      ...{ read: of(0), write: of(1), discard: of(5), other: none },
      flush: {
        requests: barrier.requests + flush.requests,
        bytes: barrier.bytes,
        errors: barrier.errors,
      },
    });
    expect(counters.kinds.write.errors).toBeGreaterThan(0);
    const total = (all: readonly number[]) => all.reduce((sum, count) => sum + count, 0);
    expect(total(counters.latencies.read)).toBe(counters.kinds.read.requests);
    expect(total(counters.latencies.flush)).toBe(counters.kinds.flush.requests);
    // A turn later at the earliest: seven microseconds.
    expect(total(counters.latencies.write.slice(0, 2))).toBe(0);
    const depth = world.guest.queues.reduce((sum, { asked }) => sum + asked.size, 0);
    expect(counters).toMatchObject({ turns: 400, refused: 0, isWhole: true });
    expect(counters.depth).toBeLessThanOrEqual(depth);
    expect(counters.depthMax).toBeGreaterThanOrEqual(counters.depth);
  });

  it('of what is refused say so, and no time that it took', () => {
    const world = open({ bytes: 0, operations: 0 });
    const [queue] = world.guest.queues;
    if (queue === undefined) throw new Error('no ring');
    put(world.guest, queue, { ...NONE, operation: 99 });
    put(world.guest, queue, { ...NONE, operation: BLKIF_OP_READ });
    put(world.guest, queue, whole(world, BLKIF_OP_READ, 1, 1e6));
    publishAll(world.guest);
    turn(world.disk);
    const { refused, kinds, latencies } = must(readCounters(world.stats));
    expect([refused, kinds.read.errors, kinds.other.errors]).toEqual([3, 2, 1]);
    expect(latencies.read.every((count) => count === 0)).toBe(true);
  });
});
