/**
 * What one connection has yet to read: packets one after the other in pieces of memory, and
 * records of those packets that something waits for: watch events, and replies that count against
 * a quota.
 */

import { XS_WATCH_EVENT } from '../../../shared/abi/xs-wire.ts';
import { assert } from '../../../shared/core/assert.ts';
import { HEADER_SIZE, putHeader } from '../../../shared/xenstore/wire.ts';
import type { Domain } from './domain.ts';
import {
  distance,
  dropEmpty,
  emptyPiece,
  type Piece,
  type Pieces,
  passOver,
  reserve,
} from './pieces.ts';
import type { Owed } from './state.ts';
import {
  addEvent,
  createWaitingEvents,
  dropOldest,
  hasSpare,
  type Said,
  type WaitingEvents,
} from './waiting-events.ts';
import {
  addReply,
  createWaitingReplies,
  forgetReplies,
  type WaitingReplies,
} from './waiting-replies.ts';

/** Told of packets with a record once they have been read in full, or were dropped. */
export interface Gone {
  /** So many bytes of replies: `plain` replies, and one for each of `owed`. */
  replies(payer: Domain, bytes: number, plain: number, owed: readonly Owed[]): void;
  event(payer: Domain | undefined, owed: Owed | undefined, size: number): void;
}

const NEVER = Number.POSITIVE_INFINITY;
/** Of all outputs that never had one; nothing is added to it. */
const NO_EVENTS = createWaitingEvents();
const NO_REPLIES = createWaitingReplies();

interface BegunEvent {
  end: number;
  readonly size: number;
  readonly owed: Owed | undefined;
}

/** Plain data, one of its kind for every connection: what it can do are the functions below. */
export interface Output extends Pieces {
  readonly gone: Gone;
  /** Whose memory its packets count against, and whose replies are told of. */
  readonly payer: Domain | undefined;
  replies: WaitingReplies;
  /** Events that nobody has begun to read, and the one that somebody has. */
  events: WaitingEvents;
  begun: BegunEvent | undefined;
}

/**
 * Begins a packet and returns where in the bytes of the last piece its payload goes; fill it before
 * anything else.
 */
export function beginPacket(
  q: Output,
  type: number,
  reqId: number,
  txId: number,
  length: number,
): number {
  const size = HEADER_SIZE + length;
  const { last } = q;
  const piece = last.tail + size <= last.bytes.length ? last : reserve(q, size);
  const at = piece.tail;
  putHeader(piece.bytes, at, type, reqId, txId, length);
  piece.tail = at + size;
  q.size += size;
  return at + HEADER_SIZE;
}

/**
 * The packet just begun, of `size` bytes, is a reply that is told of. `owed`: the events that its
 * request has caused.
 */
export function noteReply(q: Output, size: number, owed: Owed | undefined): void {
  const { last } = q;
  if (q.replies === NO_REPLIES) q.replies = createWaitingReplies();
  addReply(q.replies, (last.base + last.tail) >>> 0, size, owed);
}

/** Begins the packet of a watch event, as `beginPacket` does. */
export function beginEvent(
  q: Output,
  length: number,
  said: Said,
  deadlineMs: number,
  owed: Owed | undefined,
): number {
  const at = beginPacket(q, XS_WATCH_EVENT, 0, 0, length);
  const { base, tail } = q.last;
  if (q.events === NO_EVENTS) q.events = createWaitingEvents();
  addEvent(q.events, (base + tail) >>> 0, HEADER_SIZE + length, said, deadlineMs, owed);
  return at;
}

function dropFirst(q: Output): BegunEvent {
  const { events } = q;
  const at = events.first & events.mask;
  const oldest = {
    end: events.end[at] as number,
    size: events.size[at] as number,
    owed: events.owed[at],
  };
  dropOldest(events);
  return oldest;
}

function forgetFirst(q: Output): void {
  const { owed, size } = dropFirst(q);
  q.gone.event(q.payer, owed, size);
}

/** Tells of the events that have been read up to `read`, and sets the one apart that is begun. */
function settleEvents(q: Output, read: number): void {
  const { events, begun } = q;
  if (begun !== undefined) {
    if (distance(begun.end, read) > 0) return;
    q.begun = undefined;
    q.gone.event(q.payer, begun.owed, begun.size);
  }
  while (events.count > 0) {
    const at = events.first & events.mask;
    const end = events.end[at] as number;
    if (distance(end, read) <= 0) forgetFirst(q);
    else {
      if (distance(end - (events.size[at] as number), read) < 0) q.begun = dropFirst(q);
      return;
    }
  }
}

const NONE: readonly Owed[] = [];

/** Tells of the `count` oldest replies: in one, for most of them are as all others. */
function settle(q: Output, count: number): void {
  const { replies, payer, gone } = q;
  const { size, owed, mask } = replies;
  let at = replies.first;
  let bytes = 0;
  let settled: Owed[] | undefined;
  for (let left = count; left > 0; left--) {
    bytes += size[at] as number;
    const caused = owed[at];
    if (caused !== undefined) {
      settled ??= [];
      settled.push(caused);
      owed[at] = undefined;
    }
    at = (at + 1) & mask;
  }
  forgetReplies(replies, count);
  gone.replies(payer as Domain, bytes, count - (settled?.length ?? 0), settled ?? NONE);
}

function settleReplies(q: Output, read: number): void {
  const { first, count, mask, end } = q.replies;
  let done = 0;
  while (done < count && distance(end[(first + done) & mask] as number, read) <= 0) done++;
  if (done > 0) settle(q, done);
}

/** The first `count` bytes have been read. */
export function consumeOutput(q: Output, count: number): void {
  if (count < 0 || count > q.size) assert(false, `${count} bytes read, too many`);
  const { replies } = q;
  // As a rule all was read.
  const isAll = count === q.size;
  const read = passOver(q, count);
  if (q.events.count > 0 || q.begun !== undefined) settleEvents(q, read);
  if (replies.count === 0) return;
  if (isAll) settle(q, replies.count);
  else settleReplies(q, read);
}

/** Takes the packets of the `count` oldest events out: each piece and record is looked at once. */
function takeOut(q: Output, count: number): void {
  const { events, replies } = q;
  const numberAt = (i: number): number => (events.first + i) & events.mask;
  let removed = 0;
  let next = 0;
  let reply = 0;
  const replyAt = (i: number): number => (replies.first + i) & replies.mask;
  for (let piece: Piece | undefined = q.first; piece !== undefined; piece = piece.next) {
    const { bytes, base, tail } = piece;
    let from = piece.head;
    let to = from;
    const before = removed;
    for (; next < count; next++) {
      const end = distance(events.end[numberAt(next)] as number, base);
      if (end > tail) break;
      const start = end - (events.size[numberAt(next)] as number);
      for (; reply < replies.count; reply++) {
        const end = replies.end[replyAt(reply)] as number;
        if (distance(end, base) > start) break;
        replies.end[replyAt(reply)] = end - removed;
      }
      bytes.copyWithin(to, from, start);
      to += start - from;
      removed += end - start;
      from = end;
    }
    bytes.copyWithin(to, from, tail);
    piece.tail = to + tail - from;
    piece.base = (base - before) >>> 0;
  }
  for (; reply < replies.count; reply++) {
    replies.end[replyAt(reply)] = (replies.end[replyAt(reply)] as number) - removed;
  }
  for (let i = count; i < events.count; i++) {
    events.end[numberAt(i)] = ((events.end[numberAt(i)] as number) - removed) >>> 0;
  }
  q.size -= removed;
}

/** Drops watch events past their deadline that nobody has begun to read; how many. */
export function expireEvents(q: Output, nowMs: number): number {
  const { events } = q;
  let count = 0;
  while (count < events.count) {
    const at = (events.first + count) & events.mask;
    if ((events.deadlineMs[at] as number) > nowMs) break;
    count++;
  }
  if (count === 0) return 0;
  takeOut(q, count);
  dropEmpty(q);
  for (let i = 0; i < count; i++) forgetFirst(q);
  return count;
}

/** The earliest deadline of an event that waits; Infinity if there is none. */
export function nextDeadlineMs({ events }: Output): number {
  return events.count === 0 ? NEVER : (events.deadlineMs[events.first & events.mask] as number);
}

/** Forgets everything unread. */
export function clearOutput(q: Output): void {
  const { last, begun } = q;
  const base = (last.base + last.tail) >>> 0;
  q.first = emptyPiece(base);
  q.last = q.first;
  q.size = 0;
  q.begun = undefined;
  if (begun !== undefined) q.gone.event(q.payer, begun.owed, begun.size);
  while (q.events.count > 0) forgetFirst(q);
  if (q.replies.count > 0) settle(q, q.replies.count);
}

/** Whether an event with a payload of `length` bytes fits without taking more memory. */
export function fitsEvent({ last, events }: Output, length: number): boolean {
  return last.tail + HEADER_SIZE + length <= last.bytes.length && hasSpare(events);
}

/** `payer`: whose memory is told of; undefined for one that nobody counts. */
export function createOutput(gone: Gone, payer: Domain | undefined): Output {
  const first = emptyPiece(0);
  return {
    ...{ gone, payer, first, last: first, size: 0 },
    ...{ replies: NO_REPLIES, events: NO_EVENTS, begun: undefined },
  };
}
