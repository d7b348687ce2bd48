/** A block backend's core, a guest and a disk in memory, put together. */

import { expect } from 'vitest';
import { createDisk, type Disk, isIdle } from '../../../drivers/blkback/core/disk.ts';
import { clearJournal, openJournal, recover } from '../../../drivers/blkback/core/journal.ts';
import { ATTEMPTS_MAX } from '../../../drivers/blkback/core/limits.ts';
import { adoptQueue, beginQueue, type Queue } from '../../../drivers/blkback/core/queue.ts';
import { createSlab } from '../../../drivers/blkback/core/slab.ts';
import { retryHeld, turn } from '../../../drivers/blkback/core/turn.ts';
import { type Protocol, protocolOf } from '../../../shared/abi/blkif-slots.ts';
import { domid, port } from '../../../shared/core/ids.ts';
import type { Prng } from '../../../shared/core/prng.ts';
import {
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
const SLAB_PAGES = 256;
const SECTORS = 4096;

export const protocols = {
  '64 bits': protocolOf('x86_64-abi') as Protocol,
  '32 bits': protocolOf('x86_32-abi') as Protocol,
};

export interface World {
  readonly guest: Guest;
  readonly memory: MemoryDisk;
  disk: Disk;
  readonly reports: string[];
  readonly broken: string[];
  isHeld: boolean;
}

function diskOf(
  world: Omit<World, 'disk'>,
  queues: readonly Queue[],
  attemptsMax = ATTEMPTS_MAX,
): Disk {
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

export function createWorld(random: Prng, protocol: Protocol, queues = 1): World {
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
  return Object.assign(world, { disk: diskOf(world, all) });
}

/** The next backend, which finds what the last one left. */
export function takeOver(world: World, attemptsMax?: number): void {
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
export function finishAll(world: World): void {
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

export function expectTheSame({ guest, memory, disk }: World): void {
  expect(Buffer.compare(memory.bytes, guest.disk)).toBe(0);
  expect([disk.slab.free, disk.busy, disk.batch.count]).toEqual([SLAB_PAGES, 0, 0]);
  for (const { free, entries } of disk.queues) expect(free).toHaveLength(entries.length);
}
