/** A disk that is served: its rings mapped, its ports bound, and its turns taken. */

import { type Domid, gref, type Port, port } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import type { BlockIo } from '../../shared/platform/block-io.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Grants } from '../../shared/platform/grants.ts';
import type { Region } from '../../shared/platform/region.ts';
import { ringSlots } from '../../shared/ring/io-ring.ts';
import { EVENTS_RECEIVED } from './core/counters.ts';
import { createDisk, type Disk, isIdle, type OnError } from './core/disk.ts';
import { empty } from './core/fifo.ts';
import { disownJournal, type Identity } from './core/identity.ts';
import { type Journal, journalPages, openJournal } from './core/journal.ts';
import { ATTEMPTS_MAX, COPIES_MAX, RETRY_MS } from './core/limits.ts';
import { openNewQueue, openServedQueue } from './core/open-queue.ts';
import type { Queue } from './core/queue.ts';
import type { Rate } from './core/rate.ts';
import { createSlab } from './core/slab.ts';
import { count, openTally } from './core/tally.ts';
import { announce, retryHeld, turn } from './core/turn.ts';
import type { FrontKeys, RingKeys } from './keys.ts';

export interface ConnectionHost {
  readonly events: Events;
  readonly grants: Pick<Grants, 'map' | 'unmap' | 'batch'>;
  readonly clock: Clock;
  /** Calls `run` once, when all others have had their turn who want one now (core/turns.ts). */
  soon(run: () => void): void;
  /** Memory of a journal or of counters, as the last who had some of this name left it. */
  openJournal(name: string, pages: number): Result<Region>;
}

export interface ConnectionOptions {
  readonly domid: Domid;
  readonly uniqueId: bigint;
  readonly device: number;
  readonly io: BlockIo;
  /** Where data lies, and segments of each of its pages. */
  readonly slab: Region;
  readonly lists: Region;
  readonly onError: OnError;
  readonly rate: Rate | undefined;
  readonly report: (what: string) => void;
  readonly broken: (why: string) => void;
}

export interface Connection {
  /** The disk has completions, or the ring an event. */
  wake(): void;
  /** Takes no more requests, finishes those that it has, and lets go of everything. */
  close(): Promise<void>;
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
): Result<Mapped> {
  const { events, grants } = host;
  const ring = keys.rings[number] as RingKeys;
  const identity = identityOf(options, keys, ring, number);
  const name = `vbd-${options.domid}-${options.device}-${number}`;
  const memory = host.openJournal(name, journalPages(identity.slots));
  if (!memory.ok) return memory;
  const bound = events.bindInterdomain(options.domid, port(ring.eventChannel));
  if (!bound.ok) return bound;
  const mapped = grants.map(options.domid, ring.ringRefs.map(gref), 'rw');
  if (!mapped.ok) {
    events.close(bound.value);
    return mapped;
  }
  const journal = openJournal(memory.value, identity.slots, identity.slotBytes);
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

/** Serves the frontend's rings. EINVAL: their references or ports are not what they say. */
export function connect(
  host: ConnectionHost,
  options: ConnectionOptions,
  keys: FrontKeys,
  isAdopted: boolean,
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
    const mapped = mapRing(host, options, keys, number);
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
  const page = host.openJournal(`vbd-${domid}-${device}.stats`, 1);
  if (!page.ok) {
    undo();
    return page;
  }
  const { io, slab, lists, onError, rate, report, broken } = options;
  const { clock } = host;
  const disk = createDisk({
    ...{ io, lists, onError, rate, report, broken, events, queues },
    ...{ slab: createSlab(slab), batch: batch.value, attemptsMax: ATTEMPTS_MAX },
    tally: openTally(page.value, { domid, uniqueId, device }),
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

function serve(
  { events, soon }: ConnectionHost,
  disk: Disk,
  keys: FrontKeys,
  all: readonly Mapped[],
  undo: () => void,
): Connection {
  let isPlanned = false;
  let isOver = false;
  let ended: (() => void) | undefined;
  const take = (): void => {
    isPlanned = false;
    // Its memory is nobody's any more.
    if (isOver) return;
    const isMore = turn(disk);
    if (ended !== undefined && isIdle(disk)) ended();
    else if (isMore) wake();
  };
  const wake = (): void => {
    if (isPlanned) return;
    isPlanned = true;
    soon(take);
  };
  for (const { port } of all) {
    events.listen(port, () => {
      count(disk.tally, EVENTS_RECEIVED);
      wake();
      events.unmask(port);
    });
  }
  // Whoever was here before may have died between an answer and its event.
  announce(disk);
  for (const { port } of disk.queues) events.notify(port);
  wake();
  return {
    wake,
    close: async () => {
      disk.isClosing = true;
      for (const { waiting } of disk.queues) if (disk.isBroken) empty(waiting);
      if (!isIdle(disk)) {
        await new Promise<void>((resolve) => {
          ended = resolve;
          wake();
        });
      }
      isOver = true;
      for (const { journal } of all) disownJournal(journal);
      undo();
    },
    serves: (other) => JSON.stringify(other) === JSON.stringify(keys),
  };
}
