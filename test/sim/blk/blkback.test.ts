/** The block backend's core against a guest that checks everything, and dies at every store. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDisk, type Disk, isIdle } from '../../../drivers/blkback/core/disk.ts';
import { clearJournal, openJournal, recover } from '../../../drivers/blkback/core/journal.ts';
import { adoptQueue, beginQueue, type Queue } from '../../../drivers/blkback/core/queue.ts';
import { createSlab } from '../../../drivers/blkback/core/slab.ts';
import { retryHeld, turn } from '../../../drivers/blkback/core/turn.ts';
import { type Protocol, protocolOf } from '../../../drivers/blkback/core/wire.ts';
import { domid, port } from '../../../shared/core/ids.ts';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import {
  ask,
  createFakeBatch,
  createGuest,
  type Guest,
  type GuestQueue,
  isQuiet,
  publishAll,
  regionOf,
  takeAnswers,
} from './guest.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';

const GUEST = domid(1);
const SLAB_PAGES = 256;
const SECTORS = 4096;

const protocols = {
  '64 bits': protocolOf('x86_64-abi') as Protocol,
  '32 bits': protocolOf('x86_32-abi') as Protocol,
};

interface World {
  readonly guest: Guest;
  readonly memory: MemoryDisk;
  disk: Disk;
  readonly reports: string[];
  readonly broken: string[];
  isHeld: boolean;
}

function diskOf(world: Omit<World, 'disk'>, queues: readonly Queue[], attemptsMax = 2): Disk {
  return createDisk({
    io: world.memory.io,
    slab: createSlab(regionOf(SLAB_PAGES)),
    lists: regionOf(1),
    batch: createFakeBatch(world.guest.pages, 700),
    events: { notify: () => {} },
    queues,
    onError: 'report',
    attemptsMax,
    report: (what) => void world.reports.push(what),
    held: () => {
      world.isHeld = true;
    },
    broken: (why) => void world.broken.push(why),
  });
}

const partsOf = (queue: GuestQueue, number: number, protocol: Protocol) => ({
  ...{ number, domid: GUEST, port: port(1), region: queue.region, protocol },
  journal: openJournal(queue.journal, queue.front.slots),
});

function createWorld(random: Prng, protocol: Protocol, queues = 1): World {
  const bytes = new Uint8Array(SECTORS * 512);
  for (let i = 0; i < bytes.length; i += 3) bytes[i] = random.next();
  const guest = createGuest(protocol, queues, bytes);
  const memory = createMemoryDisk(random, bytes);
  const world = { guest, memory, reports: [], broken: [], isHeld: false };
  const all = guest.queues.map((queue, number) => {
    const parts = partsOf(queue, number, protocol);
    clearJournal(parts.journal, 0);
    return beginQueue(parts);
  });
  return { ...world, disk: diskOf(world, all) };
}

/** The next backend, which finds what the last one left. */
function takeOver(world: World, attemptsMax?: number): void {
  world.memory.abandon();
  const { protocol, queues } = world.guest;
  const all = queues.map((queue, number) => {
    const parts = partsOf(queue, number, protocol);
    const [reqProd, , rspProd] = queue.region.words;
    const recovered = recover(parts.journal, (rspProd as number) >>> 0, (reqProd as number) >>> 0);
    if (typeof recovered === 'string') throw new Error(recovered);
    return adoptQueue(parts, recovered);
  });
  world.disk = diskOf(world, all, attemptsMax);
}

/** Until everything is answered. */
function finishAll(world: World): void {
  for (let rounds = 0; !isQuiet(world.guest) || !isIdle(world.disk); rounds++) {
    if (rounds === 10_000) throw new Error('requests are never answered');
    turn(world.disk);
    if (world.isHeld) {
      world.isHeld = false;
      retryHeld(world.disk);
    }
    world.memory.step();
    takeAnswers(world.guest);
  }
}

function expectTheSame({ guest, memory, disk }: World): void {
  expect(Buffer.compare(memory.bytes, guest.disk)).toBe(0);
  expect([disk.slab.free, disk.busy, disk.batch.count]).toEqual([SLAB_PAGES, 0, 0]);
  for (const { free, entries } of disk.queues) expect(free).toHaveLength(entries.length);
}

describe.each(Object.entries(protocols))('frontends of %s', (_, protocol) => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))('are served, seed %i', (seed) => {
    const random = prng(seed);
    const world = createWorld(random, protocol, 1 + (seed % 3));
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
});

describe('a backend that dies', () => {
  afterEach(() => vi.unstubAllGlobals());

  class Killed extends Error {}

  /** Runs until the n-th store from now on; how many were left, or undefined for death. */
  function diesAt(n: number, run: () => void): number | undefined {
    const { load, store } = Atomics;
    let left = n;
    vi.stubGlobal('Atomics', {
      load,
      store: (words: Int32Array, at: number, value: number) => {
        if (left-- === 0) throw new Killed('killed');
        return store(words, at, value);
      },
    });
    try {
      run();
      return left;
    } catch (error) {
      if (error instanceof Killed) return undefined;
      throw error;
    } finally {
      vi.unstubAllGlobals();
    }
  }

  it.each(Array.from({ length: 40 }, (_, seed) => seed))('is not noticed, seed %i', (seed) => {
    const random = prng(1000 + seed);
    const world = createWorld(random, protocols['64 bits'], 1 + (seed % 2));
    let deaths = 0;
    for (let step = 0; step < 400; step++) {
      for (let asks = random.below(12); asks > 0; asks--) ask(world.guest, random);
      publishAll(world.guest);
      if (diesAt(random.below(120), () => turn(world.disk)) === undefined) {
        deaths++;
        // Death comes so often that it meets the same request again and again.
        takeOver(world, 99);
      }
      world.memory.step();
      takeAnswers(world.guest);
    }
    finishAll(world);
    expectTheSame(world);
    expect(deaths).toBeGreaterThan(5);
    expect([world.reports, world.broken]).toEqual([[], []]);
  });

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
