/**
 * One ring of a disk: requests come out of it and responses go into it, each noted in the journal
 * before it counts.
 */

import { append, createFifo, empty, type Fifo, peek, shift } from '../../../shared/backend/fifo.ts';
import { assert } from '../../../shared/core/assert.ts';
import type { Domid, Port } from '../../../shared/core/ids.ts';
import { BROKEN } from '../../../shared/core/ring-moves.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { Protocol } from '../../../shared/ring/blkif-slots.ts';
import {
  awaitRequests,
  type BackRing,
  createBackRing,
  nextResponse,
  publishResponses,
  takeRequests,
} from '../../../shared/ring/io-ring.ts';
import {
  copyAt,
  type Journal,
  noteConsumed,
  noteDone,
  noteFree,
  noteTaken,
  type Recovered,
  settleRecovered,
} from './journal.ts';
import { WAITING_MAX } from './limits.ts';
import { type Request, readRequest, writeResponse } from './wire.ts';

/** A request that was taken. One for each slot, used again and again. */
export interface Entry extends Request {
  readonly queue: Queue;
  /** In its queue, and of all of its disk. */
  readonly index: number;
  readonly number: number;
  /** How often work on it has begun, by predecessors, too. */
  attempts: number;
  /** Its pages of the slab, -1 for none. */
  firstPage: number;
  /** Of data, once its segments are known; of a discard those of its sectors. */
  bytes: number;
  /** Of the answer, once there is one; whether the frontend is to blame for it. */
  status: number;
  isRefused: boolean;
}

/** A ring of 16 pages has fewer slots. */
const ENTRIES_PER_QUEUE = 1024;

/** The entry of a number. */
export function entryOf(queues: readonly Queue[], number: number): Entry {
  const queue = queues[Math.floor(number / ENTRIES_PER_QUEUE)];
  const entry = queue?.entries[number % ENTRIES_PER_QUEUE];
  assert(entry !== undefined, 'an operation that nobody asked for');
  return entry;
}

export interface Queue {
  readonly domid: Domid;
  readonly port: Port;
  readonly ring: BackRing;
  readonly protocol: Protocol;
  readonly journal: Journal;
  readonly entries: readonly Entry[];
  /** Those that no request has. */
  readonly free: Fifo<Entry>;
  /** Taken and not begun, oldest first. */
  readonly waiting: Fifo<Entry>;
  /** Answered, and not seen by the front end. */
  readonly answered: Fifo<Entry>;
  /** By entry: when it was taken, in microseconds; -1: by a predecessor. */
  readonly takenUs: Float64Array;
}

export interface QueueParts {
  /** Which of its disk's. */
  readonly number: number;
  readonly domid: Domid;
  readonly port: Port;
  readonly region: Region;
  readonly protocol: Protocol;
  readonly journal: Journal;
}

/** Written out, as a queue is: engines are quick where all have their fields in one order. */
function createEntry(queue: Queue, index: number, number: number): Entry {
  return {
    operation: 0,
    isIndirect: false,
    segments: 0,
    flags: 0,
    idLow: 0,
    idHigh: 0,
    sector: 0,
    sectors: 0,
    queue,
    index,
    number,
    attempts: 0,
    firstPage: -1,
    bytes: 0,
    status: 0,
    isRefused: false,
  };
}

function createQueue(parts: QueueParts, from: number): Queue {
  const { number, domid, port, region, protocol, journal } = parts;
  const ring = createBackRing(region, protocol.slotBytes, from);
  const entries: Entry[] = [];
  const queue: Queue = {
    domid,
    port,
    ring,
    protocol,
    journal,
    entries,
    free: createFifo(ring.slots),
    waiting: createFifo(ring.slots),
    answered: createFifo(ring.slots),
    takenUs: new Float64Array(ring.slots),
  };
  for (let index = 0; index < ring.slots; index++) {
    entries.push(createEntry(queue, index, number * ENTRIES_PER_QUEUE + index));
  }
  return queue;
}

/** For a ring that begins; its journal is as clearJournal leaves it. */
export function beginQueue(parts: QueueParts): Queue {
  const queue = createQueue(parts, 0);
  for (const entry of queue.entries) append(queue.free, entry);
  return queue;
}

/** The same from where a predecessor left it: what it answered unseen is written again. */
export function adoptQueue(parts: QueueParts, recovered: Recovered): Queue {
  const queue = createQueue(parts, recovered.rspProd);
  const { entries, ring, journal, protocol } = queue;
  const { words } = journal.region;
  ring.reqCons = recovered.reqCons;
  settleRecovered(journal, recovered);
  const isUsed = new Set<number>();
  for (const { entry, status } of recovered.answered) {
    isUsed.add(entry);
    const answered = entries[entry] as Entry;
    readRequest(protocol, words, copyAt(entry), answered);
    queue.takenUs[entry] = -1;
    put(queue, answered, status);
  }
  for (const { entry, attempts } of recovered.left) {
    isUsed.add(entry);
    const left = entries[entry] as Entry;
    readRequest(protocol, words, copyAt(entry), left);
    left.attempts = attempts;
    queue.takenUs[entry] = -1;
    append(queue.waiting, left);
  }
  for (const entry of entries) if (!isUsed.has(entry.index)) append(queue.free, entry);
  return queue;
}

/**
 * Takes requests out of the ring, as many as may wait: how many, or BROKEN. `scratch` holds as
 * many.
 */
export function takeNew(queue: Queue, scratch: Int32Array, nowUs: number): number {
  const { ring, free, journal, protocol, waiting, takenUs } = queue;
  const first = ring.reqCons;
  // A predecessor may have left more than wait otherwise.
  const room = Math.max(0, Math.min(WAITING_MAX - waiting.count, free.count));
  const count = takeRequests(ring, scratch, room);
  if (count === BROKEN || count === 0) return count;
  const slotWords = protocol.slotBytes / 4;
  for (let i = 0; i < count; i++) {
    const entry = shift(free) as Entry;
    const at = i * slotWords;
    noteTaken(journal, entry.index, (first + i) >>> 0, scratch, at);
    readRequest(protocol, scratch, at, entry);
    entry.attempts = 0;
    entry.bytes = 0;
    entry.isRefused = false;
    takenUs[entry.index] = nowUs;
    append(waiting, entry);
  }
  noteConsumed(journal, ring.reqCons);
  return count;
}

function put({ ring, protocol, answered }: Queue, entry: Entry, status: number): void {
  entry.status = status;
  writeResponse(protocol, ring.region.words, nextResponse(ring) / 4, entry, status);
  append(answered, entry);
}

/** Answers a request, unseen yet. */
export function answer(queue: Queue, entry: Entry, status: number): void {
  assert(entry.firstPage < 0, 'an answered request has pages of the slab');
  noteDone(queue.journal, entry.index, queue.ring.rspPut, status);
  put(queue, entry, status);
}

/** Lets the front end see what was answered; whether it wants an event. */
export function publish({ ring }: Queue): boolean {
  return publishResponses(ring);
}

/** What was published makes room for others. */
export function freeAnswered({ answered, free, journal }: Queue): void {
  for (let i = 0; i < answered.count; i++) {
    const entry = peek(answered, i) as Entry;
    noteFree(journal, entry.index);
    append(free, entry);
  }
  empty(answered);
}

/** Before a sleep: whether there is more to take now. BROKEN is found out when it is taken. */
export function hasMore({ ring, free, waiting }: Queue): boolean {
  // Of a full line no event is wanted: it is looked at again when it is shorter.
  return waiting.count < WAITING_MAX && free.count > 0 && awaitRequests(ring) !== 0;
}

/** Requests that are taken and not answered. */
export function depthOf({ entries, free }: Queue): number {
  return entries.length - free.count;
}
