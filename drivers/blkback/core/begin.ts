/** Requests on their way to the disk. */

import {
  BLKIF_DISCARD_SECURE,
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_ERROR,
} from '../../../shared/abi/blkif.ts';
import { append, empty, peek, shift } from '../../../shared/backend/fifo.ts';
import { fill, giveBack, spend, waitMs } from '../../../shared/core/rate.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import { REPEATED } from '../../../shared/telemetry/blk-counters.ts';
import { count } from '../../../shared/telemetry/counter-page.ts';
import {
  addData,
  addList,
  BAD_GRANT,
  copyList,
  dataBytes,
  noteCopies,
  runCopies,
} from './copies.ts';
import { type Disk, refuse } from './disk.ts';
import { noteAttempt } from './journal.ts';
import { judge, judgeSegments, type Refusal } from './judge.ts';
import { BEGUN_PER_TURN, PAGES_PER_TURN } from './limits.ts';
import type { Entry } from './queue.ts';
import { takePages } from './slab.ts';

const TWICE_FATAL: Refusal = {
  status: BLKIF_RSP_ERROR,
  why: 'a request at which the backend died twice',
};

/** Asks the disk for what a request is about; its data is here if it writes. */
export function start(disk: Disk, entry: Entry): void {
  const { io, slab } = disk;
  const { operation, number, sector, bytes } = entry;
  const at = entry.firstPage * PAGE_SIZE;
  if (operation === BLKIF_OP_READ) io.read(number, sector, slab.region, at, bytes);
  else if (operation === BLKIF_OP_DISCARD) {
    io.discard(number, sector, entry.sectors, isSecure(disk, entry));
  } else if (asksForFlush(disk, operation)) io.flush(number);
  else io.write(number, sector, slab.region, at, bytes);
}

/** Two of a barrier's steps are flushes. */
function asksForFlush({ barrierStep }: Disk, operation: number): boolean {
  if (operation === BLKIF_OP_WRITE_BARRIER) return barrierStep !== 'write';
  return operation === BLKIF_OP_FLUSH_DISKCACHE;
}

/** The flag counts only where it was offered. */
function isSecure({ io }: Disk, { flags }: Entry): boolean {
  return io.shape.canDiscardSecurely && (flags & BLKIF_DISCARD_SECURE) !== 0;
}

/** A write's data is here, or not. */
function written(disk: Disk, entry: Entry, isDone: boolean): void {
  if (isDone) start(disk, entry);
  else refuse(disk, entry, BAD_GRANT);
}

/** Its segments are in `lists`: whether they may be, and then on to its data. */
function begin(disk: Disk, entry: Entry): void {
  const { operation, segments } = entry;
  if (segments === 0) {
    entry.bytes = operation === BLKIF_OP_DISCARD ? entry.sectors * 512 : 0;
    start(disk, entry);
    return;
  }
  const { lists, io, rate } = disk;
  const wrong = judgeSegments(entry, lists.words, 2 * entry.firstPage, io.shape);
  if (wrong !== undefined) {
    refuse(disk, entry, wrong);
    return;
  }
  entry.bytes = dataBytes(disk, entry);
  if (rate !== undefined) giveBack(rate, segments * PAGE_SIZE - entry.bytes);
  if (operation === BLKIF_OP_READ) {
    start(disk, entry);
    return;
  }
  addData(disk, entry, false);
  noteCopies(disk, entry);
}

/** An indirect request's segments are here, or not. */
function listed(disk: Disk, entry: Entry, isDone: boolean): void {
  if (isDone) append(disk.ready, entry);
  else refuse(disk, entry, BAD_GRANT);
}

/**
 * Whether a request may be begun beside what is under way. What a backend has died at is done
 * alone, so that it is known if it dies again.
 */
function mayBegin({ alone, busy }: Disk, entry: Entry): boolean {
  return alone === undefined && (busy === 0 || !isDoneAlone(entry));
}

function isDoneAlone({ operation, attempts }: Entry): boolean {
  return operation === BLKIF_OP_WRITE_BARRIER || attempts > 0;
}

/**
 * Whether the disk's rate lets an operation of so many pages begin, which is then paid for. What is
 * refused pays, too. A disk that is closed finishes what it has, however little it may do.
 */
function isInRate({ rate, isClosing, due }: Disk, pages: number): boolean {
  if (rate === undefined || isClosing) return true;
  const wait = waitMs(rate, pages * PAGE_SIZE);
  if (wait > 0) due(wait);
  return wait === 0;
}

/**
 * What became of a request that is the next: it waits for others to end, for its disk's rate, or
 * for the next turn.
 */
type Prepared = 'begun' | 'waits' | 'paced' | 'later';

/** Gives a request what it needs to be begun, of at most so many pages. */
function prepare(disk: Disk, entry: Entry, pagesMax: number): Prepared {
  if (!mayBegin(disk, entry)) return 'waits';
  const { io, slab, attemptsMax, rate } = disk;
  const wrong = entry.attempts >= attemptsMax ? TWICE_FATAL : judge(entry, io.shape);
  const pages = wrong === undefined ? entry.segments : 0;
  if (pages > pagesMax) return 'later';
  if (!isInRate(disk, pages)) return 'paced';
  if (pages > 0) {
    entry.firstPage = takePages(slab, pages);
    if (entry.firstPage < 0) return 'waits';
  }
  if (rate !== undefined) spend(rate, pages * PAGE_SIZE);
  if (isDoneAlone(entry)) {
    disk.alone = entry;
    disk.barrierStep = 'flush';
  }
  disk.busy++;
  if (wrong !== undefined) {
    refuse(disk, entry, wrong);
    return 'begun';
  }
  if (entry.attempts > 0) count(disk.tally, REPEATED);
  entry.attempts = noteAttempt(entry.queue.journal, entry.index);
  if (entry.isIndirect) {
    addList(disk, entry);
    noteCopies(disk, entry);
  } else {
    if (pages > 0) copyList(disk, entry);
    append(disk.ready, entry);
  }
  return 'begun';
}

/**
 * Prepares what waits, one request of each queue after the other, as far as this turn goes. Where
 * one has to wait all do, and it is the first of the next turn: else a barrier, or what needs many
 * pages, would wait for ever beside queues that are never idle.
 */
function prepareWaiting(disk: Disk): Prepared {
  const { queues } = disk;
  let [requests, pages] = [BEGUN_PER_TURN, PAGES_PER_TURN];
  let empties = 0;
  while (empties < queues.length) {
    const { waiting } = queues[disk.first]!;
    const entry = peek(waiting);
    if (entry === undefined) empties++;
    else {
      const prepared = requests === 0 ? 'later' : prepare(disk, entry, pages);
      if (prepared !== 'begun') return prepared;
      shift(waiting);
      requests--;
      // Refused, it has none.
      if (entry.firstPage >= 0) pages -= entry.segments;
      empties = 0;
    }
    disk.first = (disk.first + 1) % queues.length;
  }
  return 'begun';
}

/** Begins what waits, of each queue in its order; whether more can begin at once. */
export function beginWaiting(disk: Disk, nowUs: number): boolean {
  const { ready, rate } = disk;
  if (rate !== undefined) fill(rate, nowUs / 1000);
  const prepared = prepareWaiting(disk);
  runCopies(disk, listed);
  for (let i = 0; i < ready.count; i++) begin(disk, peek(ready, i) as Entry);
  empty(ready);
  runCopies(disk, written);
  // What was waited for may have been refused meanwhile: nothing more tells of that.
  return prepared === 'later' || (prepared === 'waits' && disk.busy === 0);
}
