/** A disk: what it is behind, its rings, and the requests that are under way. */

import { BLKIF_OP_FLUSH_DISKCACHE, BLKIF_OP_WRITE_BARRIER } from '../../../shared/abi/blkif.ts';
import { createFifo, type Fifo } from '../../../shared/backend/fifo.ts';
import { assert } from '../../../shared/core/assert.ts';
import type { Rate } from '../../../shared/core/rate.ts';
import type { BlockIo } from '../../../shared/platform/block-io.ts';
import type { Events } from '../../../shared/platform/events.ts';
import type { CopyBatch } from '../../../shared/platform/grants.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { REFUSED } from '../../../shared/telemetry/blk-counters.ts';
import { count, type Tally } from '../../../shared/telemetry/counter-page.ts';
import type { Refusal } from './judge.ts';
import {
  BEGUN_PER_TURN,
  COMPLETED_PER_TURN,
  COPIES_MAX,
  PAGES_PER_TURN,
  WAITING_MAX,
} from './limits.ts';
import { answer, type Entry, type Queue } from './queue.ts';
import { givePages, type Slab } from './slab.ts';

/** What becomes of a read or write that the disk could not do. */
export type OnError = 'report' | 'stop';

export interface DiskParts {
  readonly io: BlockIo;
  readonly slab: Slab;
  /** A segment for each page of the slab, as pages of segments have them. */
  readonly lists: Region;
  readonly batch: CopyBatch;
  readonly events: Pick<Events, 'notify'>;
  readonly queues: readonly Queue[];
  readonly onError: OnError;
  /** How often a request may be begun; the backend has died at it each time. */
  readonly attemptsMax: number;
  /** The disk's, over all connections of its frontend; undefined: no limit. */
  readonly rate: Rate | undefined;
  readonly tally: Tally;
  /** Monotonic microseconds. Asked twice a turn at most. */
  readonly nowUs: () => number;
  /** Told once of each kind of wrong that the frontend does. */
  readonly report: (what: string) => void;
  /** Something is held: retryHeld is to be called after a while. */
  readonly held: () => void;
  /** Its rate lets nothing begin before so many milliseconds are over: a turn is wanted then. */
  readonly due: (ms: number) => void;
  /** The rings are not looked at any more. */
  readonly broken: (why: string) => void;
}

/** A barrier is a flush, its data, and another flush. */
export type BarrierStep = 'flush' | 'write' | 'last flush';

export interface Disk extends Omit<DiskParts, 'io' | 'slab' | 'lists'> {
  /** Changed between turns, while nothing is under way. */
  io: BlockIo;
  slab: Slab;
  lists: Region;
  /** Entries whose copies are in the batch, and where those end. */
  readonly copying: Fifo<Entry>;
  readonly copiedTo: Int32Array;
  /** Those whose segments are known. */
  readonly ready: Fifo<Entry>;
  /** Requests that were begun and not answered. */
  busy: number;
  /** One beside which no other is begun. */
  alone: Entry | undefined;
  barrierStep: BarrierStep;
  /** Those that the disk could not do, and that are tried again. */
  readonly heldBack: Entry[];
  isBroken: boolean;
  /** Takes no more requests: what is under way is finished. */
  isClosing: boolean;
  readonly reported: Set<string>;
  /** The queue that is looked at first: whose request waits, others behind it do, too. */
  first: number;
  readonly taken: Int32Array;
  /** Completions, how many there are, and how many of them were looked at. */
  readonly completed: Int32Array;
  completions: number;
  completionsSeen: number;
}

const SLOT_WORDS_MAX = 28;

export function createDisk(parts: DiskParts): Disk {
  assert(parts.slab.pages >= PAGES_PER_TURN, 'a slab that some requests do not fit');
  assert(parts.batch.max >= COPIES_MAX, 'a batch that some turns do not fit');
  const { io, slab, lists, batch, events, queues, onError, attemptsMax } = parts;
  const { rate, tally, nowUs, report, held, due, broken } = parts;
  // One after the other, not spread: engines find a field at once where all disks have one order.
  return {
    io,
    slab,
    lists,
    batch,
    events,
    queues,
    onError,
    attemptsMax,
    rate,
    tally,
    nowUs,
    report,
    held,
    due,
    broken,
    copying: createFifo(COPIES_MAX),
    copiedTo: new Int32Array(COPIES_MAX),
    ready: createFifo(BEGUN_PER_TURN),
    busy: 0,
    alone: undefined,
    barrierStep: 'flush',
    heldBack: [],
    isBroken: false,
    isClosing: false,
    reported: new Set(),
    first: 0,
    taken: new Int32Array(WAITING_MAX * SLOT_WORDS_MAX),
    completed: new Int32Array(2 * COMPLETED_PER_TURN),
    completions: 0,
    completionsSeen: 0,
  };
}

/** Answers a request and gives back what it had. */
export function finish(disk: Disk, entry: Entry, status: number): void {
  if (entry.firstPage >= 0) {
    givePages(disk.slab, entry.firstPage, entry.segments);
    entry.firstPage = -1;
  }
  disk.busy--;
  if (disk.alone === entry) disk.alone = undefined;
  if (!disk.isBroken) answer(entry.queue, entry, status);
}

export function refuse(disk: Disk, entry: Entry, { status, why }: Refusal): void {
  if (!disk.reported.has(why)) {
    disk.reported.add(why);
    disk.report(why);
  }
  entry.isRefused = true;
  count(disk.tally, REFUSED);
  finish(disk, entry, status);
}

/**
 * Whether a failure is kept from the frontend: Linux takes a failed flush for one that it need not
 * ask for any more, and goes on as if all were on the disk (blkif_interrupt @ v6.12).
 */
export function isHeld({ onError, barrierStep }: Disk, { operation }: Entry): boolean {
  if (onError === 'stop' || operation === BLKIF_OP_FLUSH_DISKCACHE) return true;
  return operation === BLKIF_OP_WRITE_BARRIER && barrierStep !== 'write';
}

/** Whether nothing is under way and nothing waits. */
export function isIdle({ busy, queues }: Disk): boolean {
  return busy === 0 && queues.every(({ waiting }) => waiting.count === 0);
}
