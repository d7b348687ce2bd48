/** Requests on their way to the disk. */

import {
  BLKIF_DISCARD_SECURE,
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_ERROR,
} from '../../../shared/abi/blkif.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import {
  addData,
  addList,
  BAD_GRANT,
  copyList,
  dataBytes,
  makeRoom,
  noteCopies,
  runCopies,
} from './copies.ts';
import { type Disk, refuse } from './disk.ts';
import { noteAttempt } from './journal.ts';
import { judge, judgeSegments, type Refusal } from './judge.ts';
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
  if (entry.segments > 0) {
    const at = 2 * entry.firstPage;
    const wrong = judgeSegments(entry, disk.lists.words, at, disk.io.shape);
    if (wrong !== undefined) {
      refuse(disk, entry, wrong);
      return;
    }
  }
  entry.bytes = dataBytes(disk, entry);
  if (entry.operation === BLKIF_OP_READ || entry.segments === 0) {
    start(disk, entry);
    return;
  }
  makeRoom(disk, 2 * entry.segments, written);
  addData(disk, entry, false);
  noteCopies(disk, entry);
}

/** An indirect request's segments are here, or not. */
function listed(disk: Disk, entry: Entry, isDone: boolean): void {
  if (isDone) disk.ready.push(entry);
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

/** Gives a request what it needs to be begun; false if it has to wait for that. */
function prepare(disk: Disk, entry: Entry): boolean {
  if (!mayBegin(disk, entry)) return false;
  const { io, slab, ready, attemptsMax } = disk;
  const wrong = entry.attempts >= attemptsMax ? TWICE_FATAL : judge(entry, io.shape);
  if (wrong === undefined && entry.segments > 0) {
    entry.firstPage = takePages(slab, entry.segments);
    if (entry.firstPage < 0) return false;
  }
  if (isDoneAlone(entry)) {
    disk.alone = entry;
    disk.barrierStep = 'flush';
  }
  disk.busy++;
  if (wrong !== undefined) {
    refuse(disk, entry, wrong);
    return true;
  }
  entry.attempts = noteAttempt(entry.queue.journal, entry.index);
  if (entry.isIndirect) {
    makeRoom(disk, 2, listed);
    addList(disk, entry);
    noteCopies(disk, entry);
  } else {
    if (entry.segments > 0) copyList(disk, entry);
    ready.push(entry);
  }
  return true;
}

/** Begins what waits, of each queue in the order of its requests, as far as there is room. */
export function beginWaiting(disk: Disk): void {
  const { queues, ready } = disk;
  for (let i = 0; i < queues.length; i++) {
    const { waiting } = queues[(disk.first + i) % queues.length]!;
    let begun = 0;
    while (begun < waiting.length && prepare(disk, waiting[begun] as Entry)) begun++;
    if (begun > 0) waiting.splice(0, begun);
  }
  disk.first = (disk.first + 1) % queues.length;
  runCopies(disk, listed);
  for (const entry of ready) begin(disk, entry);
  ready.length = 0;
  runCopies(disk, written);
}
