/** A disk that is served: its rings mapped, its ports bound, and its turns taken. */

import { disown } from '../../shared/backend/claim.ts';
import { empty } from '../../shared/backend/fifo.ts';
import { type Domid, gref, type Port, port } from '../../shared/core/ids.ts';
import type { Rate } from '../../shared/core/rate.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import type { BlockIo } from '../../shared/platform/block-io.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Grants } from '../../shared/platform/grants.ts';
import type { Region } from '../../shared/platform/region.ts';
import { ringSlots } from '../../shared/ring/io-ring.ts';
import { EVENTS_RECEIVED } from '../../shared/telemetry/blk-counters.ts';
import { count } from '../../shared/telemetry/counter-page.ts';
import { createDisk, type Disk, isIdle, type OnError } from './core/disk.ts';
import type { Identity } from './core/identity.ts';
import { type Journal, openJournal } from './core/journal.ts';
import { ATTEMPTS_MAX, COPIES_MAX, RETRY_MS } from './core/limits.ts';
import { openNewQueue, openServedQueue } from './core/open-queue.ts';
import type { Queue } from './core/queue.ts';
import { createSlab } from './core/slab.ts';
import { openTally } from './core/tally.ts';
import { announce, retryHeld, turn } from './core/turn.ts';
import type { FrontKeys, RingKeys } from './keys.ts';

export interface ConnectionHost {
  readonly events: Events;
  readonly grants: Pick<Grants, 'map' | 'unmap' | 'batch'>;
  readonly clock: Clock;
  /** Calls `run` once, when all have had their turn who want one now (shared/backend/turns.ts). */
  soon(run: () => void): void;
}

/** What is behind a disk. */
export interface Behind {
  readonly io: BlockIo;
  /** Where data lies, and segments of each of its pages. */
  readonly slab: Region;
  readonly lists: Region;
}

export interface ConnectionOptions extends Behind {
  readonly domid: Domid;
  readonly uniqueId: bigint;
  readonly device: number;
  readonly onError: OnError;
  readonly rate: Rate | undefined;
  readonly report: (what: string) => void;
  readonly broken: (why: string) => void;
}

export interface Connection {
  /** The disk has completions, or the ring an event. */
  wake(): void;
  /**
   * Finishes what is under way, and goes on with this behind the same rings. Requests wait in them
   * meanwhile.
   */
  goOnWith(behind: Behind): Promise<void>;
  /**
   * Takes no more requests, finishes those that it has, and lets go of everything. `isForGood`:
   * nobody waits for answers, and what has not ended after a while is given up; then the disk does
   * nothing any more. Whether it was.
   */
  close(isForGood: boolean): Promise<boolean>;
  /** Whether it serves these rings. */
  serves(keys: FrontKeys): boolean;
}

interface Mapped {
  readonly region: Region;
  readonly port: Port;
  readonly journal: Journal;
  readonly identity: Identity;
}

function identityOf(
  { domid, uniqueId, device }: ConnectionOptions,
  { protocol: { slotBytes } }: FrontKeys,
  { ringRefs, eventChannel }: RingKeys,
  queue: number,
): Identity {
  const slots = ringSlots(ringRefs.length, slotBytes);
  const ring = { slotBytes, slots, port: eventChannel, ringRefs };
  return { domid, uniqueId, device, queue, ...ring };
}

/**
 * Binds a ring's port, and then maps it: a predecessor that serves it still has the port, so that
 * the bound port says that nobody else writes there (event_channel.c @ RELEASE-4.17.0).
 */
function mapRing(
  host: ConnectionHost,
  options: ConnectionOptions,
  keys: FrontKeys,
  number: number,
  memory: Region,
): Result<Mapped> {
  const { events, grants } = host;
  const ring = keys.rings[number] as RingKeys;
  const identity = identityOf(options, keys, ring, number);
  const bound = events.bindInterdomain(options.domid, port(ring.eventChannel));
  if (!bound.ok) return bound;
  const mapped = grants.map(options.domid, ring.ringRefs.map(gref), 'rw');
  if (!mapped.ok) {
    events.close(bound.value);
    return mapped;
  }
  const journal = openJournal(memory, identity.slots, identity.slotBytes);
  return ok({ region: mapped.value, port: bound.value, journal, identity });
}

function queueOf(
  { domid }: ConnectionOptions,
  { protocol }: FrontKeys,
  { region, port, journal, identity }: Mapped,
  isAdopted: boolean,
): Result<Queue> {
  const parts = { number: identity.queue, domid, port, region, protocol, journal };
  return isAdopted ? openServedQueue(parts, identity) : ok(openNewQueue(parts, identity));
}

/**
 * Serves the frontend's rings, with what is kept at journalPlaces as the last who had it left it.
 * EINVAL: their references or ports are not what they say.
 */
export function connect(
  host: ConnectionHost,
  options: ConnectionOptions,
  keys: FrontKeys,
  isAdopted: boolean,
  kept: readonly Region[],
): Result<Connection> {
  const { events, grants } = host;
  const all: Mapped[] = [];
  const undo = (): void => {
    for (const { region, port } of all) {
      events.close(port);
      grants.unmap(region);
    }
  };
  const queues: Queue[] = [];
  for (let number = 0; number < keys.rings.length; number++) {
    const mapped = mapRing(host, options, keys, number, kept[number] as Region);
    if (mapped.ok) all.push(mapped.value);
    const queue = mapped.ok ? queueOf(options, keys, mapped.value, isAdopted) : mapped;
    if (!queue.ok) {
      undo();
      return queue;
    }
    queues.push(queue.value);
  }
  const batch = grants.batch(COPIES_MAX);
  if (!batch.ok) {
    undo();
    return batch;
  }
  const { domid, device, uniqueId } = options;
  const { io, slab, lists, onError, rate, report, broken } = options;
  const { clock } = host;
  const disk = createDisk({
    ...{ io, lists, onError, rate, report, broken, events, queues },
    ...{ slab: createSlab(slab), batch: batch.value, attemptsMax: ATTEMPTS_MAX },
    tally: openTally(kept.at(-1) as Region, { domid, uniqueId, device }),
    nowUs: () => Math.floor(clock.nowMs() * 1000),
    held: () => void clock.after(RETRY_MS, () => retryHeld(disk)),
    due: (ms) => {
      cancelDue?.();
      cancelDue = clock.after(ms, () => connection.wake());
    },
  });
  let cancelDue: (() => void) | undefined;
  const connection = serve(host, disk, keys, all, () => {
    cancelDue?.();
    undo();
  });
  return ok(connection);
}

/**
 * Hears of requests, and tells of answers that a predecessor may not have told of. Returns how to
 * ask for events again, of those ports that had one.
 */
function listen(events: Events, disk: Disk, all: readonly Mapped[], wake: () => void): () => void {
  const heard: Port[] = [];
  for (const { port } of all) {
    events.listen(port, () => {
      count(disk.tally, EVENTS_RECEIVED);
      heard.push(port);
      wake();
    });
  }
  // Whoever was here before may have died between an answer and its event.
  announce(disk);
  for (const { port } of disk.queues) events.notify(port);
  return () => {
    for (let port = heard.pop(); port !== undefined; port = heard.pop()) events.unmask(port);
  };
}

function dropWaiting({ queues }: Disk): void {
  for (const { waiting } of queues) empty(waiting);
}

/** For what is under way when nobody waits for it any more. */
const GIVE_UP_MS = 2000;

function serve(
  { events, soon, clock }: ConnectionHost,
  disk: Disk,
  keys: FrontKeys,
  all: readonly Mapped[],
  undo: () => void,
): Connection {
  let isPlanned = false;
  let isClosed = false;
  let isGivenUp = false;
  let isOver = false;
  /** Those who wait until nothing is under way. */
  let waiting: (() => void)[] = [];
  const take = (): void => {
    isPlanned = false;
    // Its memory is nobody's any more.
    if (isOver) return;
    const isMore = turn(disk);
    if (waiting.length > 0 && isIdle(disk)) {
      for (const ended of waiting) ended();
      waiting = [];
    } else if (isMore) wake();
    else hearAgain();
  };
  const wake = (): void => {
    if (isPlanned) return;
    isPlanned = true;
    soon(take);
  };
  /** Until nothing is under way; nothing more is taken. */
  const drain = async (): Promise<void> => {
    disk.isClosing = true;
    if (disk.isBroken) dropWaiting(disk);
    if (isIdle(disk)) return;
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      wake();
    });
  };
  /** What may take for ever ends now, unanswered: answers would be failures. */
  const giveUp = (): void => {
    if (disk.io.giveUp === undefined) return;
    isGivenUp = true;
    disk.isBroken = true;
    dropWaiting(disk);
    disk.io.giveUp();
    retryHeld(disk);
    wake();
  };
  const hearAgain = listen(events, disk, all, wake);
  wake();
  return {
    wake,
    goOnWith: async ({ io, slab, lists }) => {
      await drain();
      disk.io = io;
      disk.lists = lists;
      disk.slab = createSlab(slab);
      if (isClosed) return;
      disk.isClosing = false;
      wake();
    },
    close: async (isForGood) => {
      isClosed = true;
      const cancel = isForGood ? clock.after(GIVE_UP_MS, giveUp) : () => {};
      await drain();
      cancel();
      isOver = true;
      for (const { journal } of all) disown(journal.region);
      undo();
      return isGivenUp;
    },
    serves: (other) => JSON.stringify(other) === JSON.stringify(keys),
  };
}
