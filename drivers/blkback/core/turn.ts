/**
 * A turn of a disk: what is completed is answered, what has come is begun; each step is taken for
 * all requests of all rings together, and each ring's front end hears of it once.
 */

import {
  BLKIF_OP_READ,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_ERROR,
  BLKIF_RSP_OKAY,
} from '../../../shared/abi/blkif.ts';
import { BROKEN } from '../../../shared/core/ring-moves.ts';
import { beginWaiting, start } from './begin.ts';
import { addData, BAD_GRANT, makeRoom, noteCopies, runCopies } from './copies.ts';
import { type Disk, finish, isHeld, refuse } from './disk.ts';
import { TAKEN_PER_TURN } from './limits.ts';
import { type Entry, entryOf, hasMore, publish, takeNew } from './queue.ts';

/** A read's data is at the guest, or not. */
function readCopied(disk: Disk, entry: Entry, isDone: boolean): void {
  if (isDone) finish(disk, entry, BLKIF_RSP_OKAY);
  else refuse(disk, entry, BAD_GRANT);
}

/** The next step of a barrier, if there is one. */
function goesOn(disk: Disk, entry: Entry): boolean {
  if (entry.operation !== BLKIF_OP_WRITE_BARRIER || disk.barrierStep === 'last flush') return false;
  const hasData = disk.barrierStep === 'flush' && entry.segments > 0;
  disk.barrierStep = hasData ? 'write' : 'last flush';
  start(disk, entry);
  return true;
}

function complete(disk: Disk, entry: Entry, result: number): void {
  if (disk.isBroken) finish(disk, entry, BLKIF_RSP_ERROR);
  else if (result < 0) {
    if (isHeld(disk, entry)) hold(disk, entry);
    else finish(disk, entry, BLKIF_RSP_ERROR);
  } else if (entry.operation === BLKIF_OP_READ) {
    makeRoom(disk, 2 * entry.segments, readCopied);
    addData(disk, entry, true);
    noteCopies(disk, entry);
  } else if (!goesOn(disk, entry)) finish(disk, entry, BLKIF_RSP_OKAY);
}

function hold(disk: Disk, entry: Entry): void {
  if (disk.heldBack.length === 0) disk.held();
  disk.heldBack.push(entry);
}

/** Whether there may be more. */
function takeCompletions(disk: Disk): boolean {
  const { io, completed, queues } = disk;
  const count = io.completions(completed);
  for (let i = 0; i < count; i++) {
    const entry = entryOf(queues, completed[2 * i] as number);
    complete(disk, entry, completed[2 * i + 1] as number);
  }
  runCopies(disk, readCopied);
  return 2 * count === completed.length;
}

/** The frontend is not answered any more; what is under way ends unheard. */
function giveUp(disk: Disk, why: string): void {
  disk.isBroken = true;
  for (const { waiting } of disk.queues) waiting.length = 0;
  for (const entry of disk.heldBack.splice(0)) finish(disk, entry, BLKIF_RSP_ERROR);
  disk.broken(why);
}

/** Whether there may be more. */
function takeRequests(disk: Disk): boolean {
  let isMore = false;
  for (const queue of disk.queues) {
    const count = takeNew(queue, disk.taken, TAKEN_PER_TURN);
    if (count === BROKEN) {
      giveUp(disk, 'the indices of a ring are impossible');
      return false;
    }
    if (count === TAKEN_PER_TURN) isMore = true;
  }
  return isMore;
}

/** One turn; whether there is more to do at once, of which no event tells. */
export function turn(disk: Disk): boolean {
  let isMore = takeCompletions(disk);
  if (!disk.isBroken) {
    if (!disk.isClosing && takeRequests(disk)) isMore = true;
    if (!disk.isBroken) beginWaiting(disk);
  }
  disk.io.submit();
  if (disk.isBroken) return isMore;
  for (const queue of disk.queues) if (publish(queue)) disk.events.notify(queue.port);
  if (disk.isClosing) return isMore;
  for (const queue of disk.queues) if (hasMore(queue)) isMore = true;
  return isMore;
}

/** Tries what the disk could not do once more. */
export function retryHeld(disk: Disk): void {
  for (const entry of disk.heldBack.splice(0)) start(disk, entry);
  disk.io.submit();
}
