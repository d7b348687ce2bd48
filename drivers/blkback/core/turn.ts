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
import { empty, peek } from '../../../shared/backend/fifo.ts';
import { BROKEN } from '../../../shared/core/ring-moves.ts';
import { EVENTS_SENT, TURNS } from '../../../shared/telemetry/blk-counters.ts';
import { count, publishTally } from '../../../shared/telemetry/counter-page.ts';
import { beginWaiting, start } from './begin.ts';
import { addData, BAD_GRANT, noteCopies, runCopies } from './copies.ts';
import { type Disk, finish, isHeld, refuse } from './disk.ts';
import { COMPLETED_PER_TURN, PAGES_PER_TURN } from './limits.ts';
import {
  depthOf,
  type Entry,
  entryOf,
  freeAnswered,
  hasMore,
  publish,
  type Queue,
  takeNew,
} from './queue.ts';
import { countAnswer, countDepth, countLatency } from './tally.ts';

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
  if (disk.completionsSeen === disk.completions) {
    disk.completions = io.completions(completed);
    disk.completionsSeen = 0;
  }
  let pages = PAGES_PER_TURN;
  while (disk.completionsSeen < disk.completions) {
    const at = 2 * disk.completionsSeen;
    const entry = entryOf(queues, completed[at] as number);
    if (entry.operation === BLKIF_OP_READ) pages -= entry.segments;
    if (pages < 0) break;
    disk.completionsSeen++;
    complete(disk, entry, completed[at + 1] as number);
  }
  runCopies(disk, readCopied);
  return pages < 0 || disk.completions === COMPLETED_PER_TURN;
}

/** The frontend is not answered any more; what is under way ends unheard. */
function giveUp(disk: Disk, why: string): void {
  disk.isBroken = true;
  for (const { waiting } of disk.queues) empty(waiting);
  for (const entry of disk.heldBack.splice(0)) finish(disk, entry, BLKIF_RSP_ERROR);
  disk.broken(why);
}

function takeRequests(disk: Disk, nowUs: number): void {
  for (const queue of disk.queues) {
    if (takeNew(queue, disk.taken, nowUs) !== BROKEN) continue;
    giveUp(disk, 'the indices of a ring are impossible');
    return;
  }
}

function countAnswers({ tally }: Disk, { answered, takenUs }: Queue, nowUs: number): void {
  for (let i = 0; i < answered.count; i++) {
    const { index, operation, bytes, status, isRefused } = peek(answered, i) as Entry;
    countAnswer(tally, operation, bytes, status);
    const since = takenUs[index] as number;
    if (since >= 0 && !isRefused) countLatency(tally, operation, nowUs - since);
  }
}

/** Lets the front ends see what was answered. */
export function announce(disk: Disk): void {
  const { queues, events, tally } = disk;
  let nowUs: number | undefined;
  for (const queue of queues) {
    if (queue.answered.count === 0) continue;
    if (publish(queue)) {
      events.notify(queue.port);
      count(tally, EVENTS_SENT);
    }
    nowUs ??= disk.nowUs();
    countAnswers(disk, queue, nowUs);
    freeAnswered(queue);
  }
}

/** One turn; whether there is more to do at once, of which no event tells. */
export function turn(disk: Disk): boolean {
  const { queues, tally } = disk;
  const nowUs = disk.nowUs();
  count(tally, TURNS);
  let isMore = takeCompletions(disk);
  if (!disk.isBroken && !disk.isClosing) takeRequests(disk, nowUs);
  if (!disk.isBroken && beginWaiting(disk, nowUs)) isMore = true;
  disk.io.submit();
  if (disk.busy > 0) {
    // What a disk has done by now is answered now.
    if (takeCompletions(disk)) isMore = true;
    disk.io.submit();
  }
  if (!disk.isBroken) {
    announce(disk);
    let depth = 0;
    for (const queue of queues) {
      if (!disk.isClosing && hasMore(queue)) isMore = true;
      depth += depthOf(queue);
    }
    countDepth(tally, depth);
    publishTally(tally);
  }
  return isMore;
}

/** Tries what the disk could not do once more. */
export function retryHeld(disk: Disk): void {
  // The disk may be closed: nothing was held when it was.
  if (disk.heldBack.length === 0) return;
  for (const entry of disk.heldBack.splice(0)) start(disk, entry);
  disk.io.submit();
}
