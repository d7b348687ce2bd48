/** A block backend's core, a guest and a disk in memory, put together. */

import { deepEqual, equal } from 'node:assert/strict';
import { createDisk, type Disk, isIdle } from '../../../drivers/blkback/core/disk.ts';
import type { Identity } from '../../../drivers/blkback/core/identity.ts';
import { openJournal } from '../../../drivers/blkback/core/journal.ts';
import {
  ATTEMPTS_MAX,
  BURST,
  COPIES_MAX,
  PAGES_PER_TURN,
} from '../../../drivers/blkback/core/limits.ts';
import { openNewQueue, openServedQueue } from '../../../drivers/blkback/core/open-queue.ts';
import type { Queue, QueueParts } from '../../../drivers/blkback/core/queue.ts';
import { createSlab } from '../../../drivers/blkback/core/slab.ts';
import { openTally } from '../../../drivers/blkback/core/tally.ts';
import { retryHeld, turn } from '../../../drivers/blkback/core/turn.ts';
import { moveClaimed } from '../../../shared/backend/claim.ts';
import { domid, port } from '../../../shared/core/ids.ts';
import type { Prng } from '../../../shared/core/prng.ts';
import { createRate, type Rate, type RateLimits } from '../../../shared/core/rate.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import { type Protocol, protocolOf } from '../../../shared/ring/blkif-slots.ts';
import { markLost } from '../../../shared/xenbus/journal-grants.ts';
import {
  type Asked,
  createFakeBatch,
  createGuest,
  type Guest,
  type GuestQueue,
  isQuiet,
  regionOf,
  takeAnswers,
} from './guest.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';

const GUEST = domid(1);
const SECTORS = 4096;
const UNIQUE_ID = 7n;
const DEVICE = 51712;

export const protocols = {
  '64 bits': protocolOf('x86_64-abi') as Protocol,
  '32 bits': protocolOf('x86_32-abi') as Protocol,
};

export interface World {
  readonly guest: Guest;
  readonly memory: MemoryDisk;
  disk: Disk;
  /** Where its counters are. */
  readonly stats: Region;
  readonly rate: Rate | undefined;
  readonly reports: string[];
  readonly broken: string[];
  isHeld: boolean;
  nowUs: number;
  /** When its rate lets it go on. */
  dueUs: number;
}

export interface WorldOptions {
  readonly queues?: number;
  /** Of each ring's pages. */
  readonly order?: number;
  readonly rate?: RateLimits;
  /** What the next backends have is the least. */
  readonly slabPages?: number;
}

function diskOf(
  world: Omit<World, 'disk'>,
  queues: readonly Queue[],
  { attemptsMax = ATTEMPTS_MAX, slabPages = PAGES_PER_TURN } = {},
): Disk {
  return createDisk({
    io: world.memory.io,
    slab: createSlab(regionOf(slabPages)),
    lists: regionOf(Math.ceil((slabPages * 8) / PAGE_SIZE)),
    batch: createFakeBatch(world.guest.pages, COPIES_MAX),
    events: { notify: () => {} },
    queues,
    onError: 'report',
    attemptsMax,
    rate: world.rate,
    tally: openTally(world.stats, { domid: GUEST, uniqueId: UNIQUE_ID, device: DEVICE }),
    nowUs: () => world.nowUs,
    report: (what) => void world.reports.push(what),
    held: () => {
      world.isHeld = true;
    },
    due: (ms) => {
      world.dueUs = world.nowUs + ms * 1000;
    },
    broken: (why) => void world.broken.push(why),
  });
}

function partsOf(queue: GuestQueue, number: number, protocol: Protocol): QueueParts {
  const { slots, slotBytes } = queue.front;
  const journal = openJournal(queue.journal, slots, slotBytes);
  return { number, domid: GUEST, port: port(1 + number), region: queue.region, protocol, journal };
}

const identityOf = ({ number, journal, protocol: { slotBytes } }: QueueParts): Identity => ({
  ...{ domid: GUEST, uniqueId: UNIQUE_ID, device: DEVICE, queue: number, slotBytes },
  ...{ slots: journal.slots, port: 1 + number, ringRefs: [8 + number] },
});

export function createWorld(
  random: Prng,
  protocol: Protocol,
  { queues = 1, order = 0, rate, slabPages = PAGES_PER_TURN }: WorldOptions = {},
): World {
  const bytes = new Uint8Array(SECTORS * 512);
  // A few bytes of each sector tell it from all others.
  for (let i = 0; i < bytes.length; i += 100) bytes[i] = random.next();
  const guest = createGuest(protocol, queues, bytes, order);
  const world: Omit<World, 'disk'> = {
    ...{ guest, memory: createMemoryDisk(random, bytes), stats: regionOf(1) },
    ...{ rate: createRate(rate ?? { bytes: 0, operations: 0 }, BURST, 0), reports: [], broken: [] },
    ...{ isHeld: false, nowUs: 0, dueUs: 0 },
  };
  const all = guest.queues.map((queue, number) => {
    const parts = partsOf(queue, number, protocol);
    return openNewQueue(parts, identityOf(parts));
  });
  return Object.assign(world, { disk: diskOf(world, all, { slabPages }) });
}

/** The next backend, which finds what the last one left; if it cannot go on from that: why not. */
export function tryTakeOver(world: World, attemptsMax = ATTEMPTS_MAX): string | undefined {
  world.memory.abandon();
  const { protocol, queues } = world.guest;
  const all: Queue[] = [];
  for (const [number, queue] of queues.entries()) {
    const parts = partsOf(queue, number, protocol);
    const opened = openServedQueue(parts, identityOf(parts));
    if (!opened.ok) return opened.error.what;
    all.push(opened.value);
  }
  world.disk = diskOf(world, all, { attemptsMax });
  return undefined;
}

/** Its journals are in other memory from now on, where the next backend finds them. */
export function moveJournals({ disk, guest }: World): void {
  for (const [number, { journal }] of disk.queues.entries()) {
    const to = regionOf(journal.region.bytes.length / PAGE_SIZE);
    markLost(to.words);
    moveClaimed(journal.region, to);
    journal.region = to;
    Object.assign(guest.queues[number] as GuestQueue, { journal: to });
  }
}

export function takeOver(world: World, attemptsMax?: number): void {
  equal(tryTakeOver(world, attemptsMax), undefined);
}

/** Until everything is answered. */
export function finishAll(world: World, statusOf?: (asked: Asked) => number): void {
  for (let rounds = 0; !isQuiet(world.guest) || !isIdle(world.disk); rounds++) {
    if (rounds === 10_000) throw new Error('requests are never answered');
    turn(world.disk);
    world.nowUs = Math.max(world.nowUs + 100, world.dueUs);
    if (world.isHeld) {
      world.isHeld = false;
      retryHeld(world.disk);
    }
    world.memory.step();
    takeAnswers(world.guest, statusOf);
  }
}

export function expectTheSame({ guest, memory, disk }: World): void {
  equal(Buffer.compare(memory.bytes, guest.disk), 0, 'what is on the disk');
  expectIdle(disk);
}

/** Whatever was asked for, nothing is left of it. */
export function expectIdle({ slab, busy, batch, queues }: Disk): void {
  deepEqual([slab.free, busy, batch.count], [slab.pages, 0, 0]);
  for (const { free, entries } of queues) equal(free.count, entries.length, 'free entries');
}
