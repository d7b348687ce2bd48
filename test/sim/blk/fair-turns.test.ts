/** Ten disks in one backend, one of them of a guest that wants all of it. */

import { describe, expect, it } from 'vitest';
import {
  BEGUN_PER_TURN,
  COMPLETED_PER_TURN,
  COPIES_MAX,
  PAGES_PER_TURN,
} from '../../../drivers/blkback/core/limits.ts';
import { turn } from '../../../drivers/blkback/core/turn.ts';
import { BLKIF_OP_READ, BLKIF_OP_WRITE } from '../../../shared/abi/blkif.ts';
import { createTurns, TURNS_PER_CALL, turnsWaited } from '../../../shared/backend/turns.ts';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import { publishRequests, requestRoom, takeResponses } from '../../../shared/ring/io-ring.ts';
import {
  type Asked,
  ask,
  type GuestQueue,
  isQuiet,
  publishAll,
  put,
  takeAnswers,
} from './guest.ts';
import { createWorld, protocols, type World } from './world.ts';

const QUIET = 9;
const DISKS = QUIET + 1;
const NONE = { sector: 0, segments: [], data: new Uint8Array(0), pages: [] };

/** What a guest puts again and again. */
type Flood = (world: World, random: Prng) => Asked;

/** Whole pages, all of them the same one. */
function large(operation: number, count: number): Flood {
  return ({ guest }, random) => {
    guest.pages.set(1, new Uint8Array(4096));
    guest.pages.set(2, guest.pages.get(2) ?? new Uint8Array(4096));
    const segments = Array.from({ length: count }, () => ({ gref: 1, first: 0, last: 7 }));
    return {
      ...NONE,
      operation,
      isIndirect: true,
      sector: 8 * random.below(200),
      segments,
      pages: [2],
    };
  };
}

/** Whether the disk is asked for it, and what. */
const floods: readonly (readonly [string, boolean, Flood])[] = [
  ['the largest writes', true, large(BLKIF_OP_WRITE, 256)],
  ['the largest reads', true, large(BLKIF_OP_READ, 256)],
  ['small writes', true, large(BLKIF_OP_WRITE, 1)],
  ['operations that nobody knows', false, () => ({ ...NONE, operation: 99 })],
  [
    'lists that it has not granted',
    false,
    () => ({
      ...{ ...NONE, operation: BLKIF_OP_READ, isIndirect: true, pages: [3] },
      segments: Array.from({ length: 256 }, () => ({ gref: 1, first: 0, last: 7 })),
    }),
  ],
  [
    'pages that it has not granted',
    false,
    () => ({
      ...{ ...NONE, operation: BLKIF_OP_WRITE },
      segments: Array.from({ length: 11 }, () => ({ gref: 99, first: 0, last: 7 })),
    }),
  ],
];

const answers = new Int32Array(28 * 512);

/** Fills all rings, and takes all answers unseen. */
function flood(world: World, random: Prng, what: Flood): void {
  const { guest } = world;
  for (const queue of guest.queues) {
    takeResponses(queue.front, answers, 512);
    queue.asked.clear();
    while (requestRoom(queue.front) > 0) {
      const asked = what(world, random);
      if (asked.pages[0] === 3) guest.pages.set(3, new Uint8Array(4096));
      put(guest, queue, asked);
      guest.pages.delete(3);
    }
    publishRequests(queue.front);
  }
}

/** What a turn has done. */
interface Work {
  readonly copies: number;
  readonly answered: number;
  readonly taken: number;
}

const sum = (world: World, of: (queue: World['disk']['queues'][number]) => number): number =>
  world.disk.queues.reduce((all, queue) => all + of(queue), 0);

function measured(world: World): { turn(): boolean; work: Work[] } {
  const { disk } = world;
  let copies = 0;
  const { toGuest, fromGuest } = disk.batch;
  Object.assign(disk.batch, {
    toGuest: (...args: Parameters<typeof toGuest>) => {
      copies++;
      toGuest(...args);
    },
    fromGuest: (...args: Parameters<typeof fromGuest>) => {
      copies++;
      fromGuest(...args);
    },
  });
  const work: Work[] = [];
  return {
    work,
    turn: () => {
      copies = 0;
      const [answered, taken] = [
        sum(world, (q) => q.ring.rspPut),
        sum(world, (q) => q.ring.reqCons),
      ];
      const isMore = turn(disk);
      work.push({
        copies,
        answered: sum(world, (q) => q.ring.rspPut) - answered,
        taken: sum(world, (q) => q.ring.reqCons) - taken,
      });
      return isMore;
    },
  };
}

/** The one that floods has four rings of 16 pages; after so many calls of the event loop. */
function run(random: Prng, what: Flood, calls: number) {
  const worlds = Array.from({ length: DISKS }, (_, i) =>
    createWorld(
      random,
      protocols['64 bits'],
      i === 0 ? { queues: 4, order: 4, slabPages: 1024 } : {},
    ),
  );
  const [hostile] = worlds as [World];
  const { turn: hostileTurn, work } = measured(hostile);
  let soon: (() => void) | undefined;
  const planCall = (call: () => void): void => {
    soon = call;
  };
  const turns = createTurns({ soon: planCall, later: planCall }, DISKS);
  let taken = 0;
  const waits: number[] = [];
  /** When each quiet disk's guest has asked, in turns of others. */
  const asked = new Map<World, number>();
  const events = new Set<World>();
  const planned = new Set<World>();
  const plan = (world: World): void => {
    if (planned.has(world)) return;
    planned.add(world);
    turns.plan(() => {
      planned.delete(world);
      const before = world.disk.queues[0]?.ring.reqCons;
      if (world === hostile ? hostileTurn() : turn(world.disk)) plan(world);
      const since = asked.get(world);
      if (since !== undefined && before !== world.disk.queues[0]?.ring.reqCons) {
        // Begun, not only taken.
        expect(world.disk.queues[0]?.waiting.count).toBe(0);
        waits.push(taken - since);
        asked.delete(world);
      }
      taken++;
      for (const quiet of worlds.slice(1)) {
        // One at a time: what waits for requests of its own guest is not what this is about.
        if (!isQuiet(quiet.guest) || !random.chance(0.2) || !ask(quiet.guest, random)) continue;
        asked.set(quiet, taken);
        publishAll(quiet.guest);
        events.add(quiet);
      }
    });
  };
  for (let call = 0; call < calls; call++) {
    flood(hostile, random, what);
    plan(hostile);
    for (const quiet of events) plan(quiet);
    events.clear();
    for (const world of worlds) {
      world.memory.step();
      plan(world);
      if (world !== hostile) takeAnswers(world.guest);
    }
    soon?.();
  }
  return { waits, work };
}

describe.each(floods)('beside a guest that floods four rings with %s', (_, isGood, what) => {
  it.each([1, 2])('each request of nine quiet ones is begun in time, seed %i', (seed) => {
    const { waits, work } = run(prng(seed), what, 400);
    expect(waits.length).toBeGreaterThan(300);
    expect(Math.max(...waits)).toBeLessThanOrEqual(turnsWaited(DISKS));
    expect(work.length).toBeGreaterThan(100);
    for (const { copies, answered } of work) {
      expect(copies).toBeLessThanOrEqual(COPIES_MAX + 2 * PAGES_PER_TURN);
      expect(answered).toBeLessThanOrEqual(BEGUN_PER_TURN + (isGood ? COMPLETED_PER_TURN : 0));
    }
    // It gets its share, too.
    expect(work.some(({ answered }) => answered > 0)).toBe(true);
  });
});

it('the bound is what it says', () => {
  expect(turnsWaited(DISKS)).toBe(TURNS_PER_CALL + 9);
});

describe('within a disk', () => {
  const first = (world: World, queue: number): GuestQueue =>
    world.guest.queues[queue] as GuestQueue;

  /** Turns until the queue's one request is answered, while the others are always full. */
  function turnsUntil(asked: (world: World) => Asked, beside: Flood): number {
    // The disk ends one operation after the other, so that there are always others under way.
    let asks = 0;
    const below = (bound: number): number => Math.min(++asks % 2, bound - 1);
    const world = createWorld({ ...prng(4), below }, protocols['64 bits'], { queues: 3 });
    const others = { ...world.guest, queues: world.guest.queues.slice(1) };
    const random = prng(5);
    flood({ ...world, guest: others }, random, beside);
    turn(world.disk);
    put(world.guest, first(world, 0), asked(world));
    for (let turns = 0; turns < 500; turns++) {
      flood({ ...world, guest: others }, random, beside);
      publishAll(world.guest);
      turn(world.disk);
      world.memory.step();
      if (takeResponses(first(world, 0).front, answers, 1) === 1) return turns;
    }
    return Number.POSITIVE_INFINITY;
  }

  it.each([
    ['a barrier', () => ({ ...NONE, operation: 2 })],
    ['what needs all memory', (world: World) => large(BLKIF_OP_WRITE, 256)(world, prng(1))],
    ['a flush', () => ({ ...NONE, operation: 3 })],
  ])('%s gets its turn beside rings that are never idle', (_, asked) => {
    expect(turnsUntil(asked, large(BLKIF_OP_READ, 1))).toBeLessThan(400);
  });
});
