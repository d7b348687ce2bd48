/**
 * One ring of a disk: requests come out of it and responses go into it, each noted in the journal
 * before it counts.
 */

import type { Protocol } from '../../../shared/abi/blkif-slots.ts';
import { assert } from '../../../shared/core/assert.ts';
import type { Domid, Port } from '../../../shared/core/ids.ts';
import { BROKEN } from '../../../shared/core/ring-moves.ts';
import type { Region } from '../../../shared/platform/region.ts';
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
import { createRequest, type Request, readRequest, writeResponse } from './wire.ts';

/** A request that was taken. One for each slot, used again and again. */
export interface Entry extends Request {
  readonly queue: Queue;
  /** In its queue, and of all of its disk. */
  readonly index: number;
  readonly number: number;
  /** How often work on it has begun, by predecessors, too. */
  attempts: number;
  /** Its pages of the slab, -1 for none, and the bytes of data in them. */
  firstPage: number;
  bytes: number;
}

/** A ring of 16 pages has fewer slots. */
const ENTRIES_PER_QUEUE = 1024;

/** The entry of a number. */
export function entryOf(queues: readonly Queue[], number: number): Entry {
  const queue = queues[Math.floor(number / ENTRIES_PER_QUEUE)];
  const entry = queue?.entries[number % ENTRIES_PER_QUEUE];
  assert(entry !== undefined, `an operation ${number} that nobody asked for`);
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
  readonly free: Entry[];
  /** Taken and not begun, oldest first. */
  readonly waiting: Entry[];
  /** Answered, and not seen by the front end. */
  readonly answered: Entry[];
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

function createQueue({ region, number, ...parts }: QueueParts, from: number): Queue {
  const ring = createBackRing(region, parts.protocol.slotBytes, from);
  const entries: Entry[] = [];
  const queue: Queue = {
    ...parts,
    ring,
    entries,
    free: [],
    waiting: [],
    answered: [],
  };
  for (let index = 0; index < ring.slots; index++) {
    const place = { queue, index, number: number * ENTRIES_PER_QUEUE + index };
    entries.push({ ...createRequest(), ...place, attempts: 0, firstPage: -1, bytes: 0 });
  }
  return queue;
}

/** For a ring that begins; its journal is as clearJournal leaves it. */
export function beginQueue(parts: QueueParts): Queue {
  const queue = createQueue(parts, 0);
  queue.free.push(...queue.entries);
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
    put(queue, answered, status);
  }
  for (const { entry, attempts } of recovered.left) {
    isUsed.add(entry);
    const left = entries[entry] as Entry;
    readRequest(protocol, words, copyAt(entry), left);
    left.attempts = attempts;
    queue.waiting.push(left);
  }
  for (const entry of entries) if (!isUsed.has(entry.index)) queue.free.push(entry);
  return queue;
}

/** Takes at most `max` requests out of the ring; how many, or BROKEN. `scratch` holds as many. */
export function takeNew(queue: Queue, scratch: Int32Array, max: number): number {
  const { ring, free, journal, protocol, waiting } = queue;
  const first = ring.reqCons;
  const count = takeRequests(ring, scratch, Math.min(max, free.length));
  if (count === BROKEN || count === 0) return count;
  const slotWords = protocol.slotBytes / 4;
  for (let i = 0; i < count; i++) {
    const entry = free.pop() as Entry;
    const at = i * slotWords;
    noteTaken(journal, entry.index, (first + i) >>> 0, scratch, at, slotWords);
    readRequest(protocol, scratch, at, entry);
    entry.attempts = 0;
    waiting.push(entry);
  }
  noteConsumed(journal, ring.reqCons);
  return count;
}

function put({ ring, protocol, answered }: Queue, entry: Entry, status: number): void {
  writeResponse(protocol, ring.region.words, nextResponse(ring) / 4, entry, status);
  answered.push(entry);
}

/** Answers a request, unseen yet. */
export function answer(queue: Queue, entry: Entry, status: number): void {
  assert(entry.firstPage < 0, 'an answered request has pages of the slab');
  noteDone(queue.journal, entry.index, queue.ring.rspPut, status);
  put(queue, entry, status);
}

/** Lets the front end see what was answered; whether it wants an event. */
export function publish(queue: Queue): boolean {
  const { ring, answered, free, journal } = queue;
  if (answered.length === 0) return false;
  const wantsEvent = publishResponses(ring);
  for (const entry of answered) {
    noteFree(journal, entry.index);
    free.push(entry);
  }
  answered.length = 0;
  return wantsEvent;
}

/** Before a sleep: whether there is more to take now. BROKEN is found out when it is taken. */
export function hasMore({ ring, free }: Queue): boolean {
  return free.length > 0 && awaitRequests(ring) !== 0;
}
