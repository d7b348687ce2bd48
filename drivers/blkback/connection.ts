/** A disk that is served: its rings mapped, its ports bound, and its turns taken. */

import { disown, moveClaimed } from '../../shared/backend/claim.ts';
import { empty } from '../../shared/backend/fifo.ts';
import type { Domid, Port } from '../../shared/core/ids.ts';
import type { Rate } from '../../shared/core/rate.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import type { BlockIo } from '../../shared/platform/block-io.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Grants } from '../../shared/platform/grants.ts';
import type { Region } from '../../shared/platform/region.ts';
import { ringSlots } from '../../shared/ring/io-ring.ts';
import { EVENTS_RECEIVED } from '../../shared/telemetry/blk-counters.ts';
import { count, moveTally } from '../../shared/telemetry/counter-page.ts';
import { createDisk, type Disk, isIdle, type OnError } from './core/disk.ts';
import type { Identity } from './core/identity.ts';
import { openJournal } from './core/journal.ts';
import { ATTEMPTS_MAX, COPIES_MAX, RETRY_MS } from './core/limits.ts';
import { openNewQueue, openServedQueue } from './core/open-queue.ts';
import type { Queue } from './core/queue.ts';
import { createSlab } from './core/slab.ts';
import { openTally } from './core/tally.ts';
import { announce, retryHeld, turn } from './core/turn.ts';
import type { FrontKeys, RingKeys } from './keys.ts';
import { type MappedRings, mapRings } from './mapped-rings.ts';

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
  /** Keeps what is to outlive us in other memory from now on, as large as what it was given. */
  keepIn(kept: readonly Region[]): void;
  /**
   * Takes no more requests, finishes those that it has, and lets go of everything. `isForGood`:
   * nobody waits for answers, and what has not ended after a while is given up; then the disk does
   * nothing any more. Whether it was.
   */
  close(isForGood: boolean): Promise<boolean>;
  /** Whether it serves these rings. */
  serves(keys: FrontKeys): boolean;
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

function openQueues(
  options: ConnectionOptions,
  keys: FrontKeys,
  { ports, rings }: MappedRings,
  isAdopted: boolean,
  kept: readonly Region[],
): Result<readonly Queue[]> {
  const { domid } = options;
  const { protocol } = keys;
  const queues: Queue[] = [];
  for (const [number, ring] of keys.rings.entries()) {
    const identity = identityOf(options, keys, ring, number);
    const journal = openJournal(kept[number] as Region, identity.slots, identity.slotBytes);
    const [region, port] = [rings[number] as Region, ports[number] as Port];
    const parts = { number, domid, port, region, protocol, journal };
    const queue = isAdopted ? openServedQueue(parts, identity) : ok(openNewQueue(parts, identity));
    if (!queue.ok) return queue;
    queues.push(queue.value);
  }
  return ok(queues);
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
  const mapped = mapRings(host, options.domid, keys.rings);
  if (!mapped.ok) return mapped;
  const opened = openQueues(options, keys, mapped.value, isAdopted, kept);
  const batch = opened.ok ? host.grants.batch(COPIES_MAX) : opened;
  if (!opened.ok || !batch.ok) {
    mapped.value.undo();
    return batch as Result<never>;
  }
  const queues = opened.value;
  const { domid, device, uniqueId } = options;
  const { io, slab, lists, onError, rate, report, broken } = options;
  const { clock, events } = host;
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
  const connection = serve(host, disk, keys, () => {
    cancelDue?.();
    mapped.value.undo();
  });
  return ok(connection);
}

/**
 * Hears of requests, and tells of answers that a predecessor may not have told of. Returns how to
 * ask for events again, of those ports that had one.
 */
function listen(events: Events, disk: Disk, wake: () => void): () => void {
  const heard: Port[] = [];
  for (const { port } of disk.queues) {
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

function keepIn({ queues, tally }: Disk, kept: readonly Region[]): void {
  for (const [i, { journal }] of queues.entries()) {
    const to = kept[i] as Region;
    moveClaimed(journal.region, to);
    journal.region = to;
  }
  moveTally(tally, kept.at(-1) as Region);
}

/** For what is under way when nobody waits for it any more. */
const GIVE_UP_MS = 2000;

function serve(
  { events, soon, clock }: ConnectionHost,
  disk: Disk,
  keys: FrontKeys,
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
  const hearAgain = listen(events, disk, wake);
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
    keepIn: (kept) => keepIn(disk, kept),
    close: async (isForGood) => {
      isClosed = true;
      const cancel = isForGood ? clock.after(GIVE_UP_MS, giveUp) : () => {};
      await drain();
      cancel();
      isOver = true;
      for (const { journal } of disk.queues) disown(journal.region);
      undo();
      return isGivenUp;
    },
    serves: (other) => JSON.stringify(other) === JSON.stringify(keys),
  };
}
