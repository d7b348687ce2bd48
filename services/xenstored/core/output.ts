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
  position,
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

/** Told of each packet with a record once it has been read in full, or was dropped. */
export interface Gone {
  reply(payer: Domain | undefined, owed: Owed, size: number): void;
  event(payer: Domain | undefined, owed: Owed | undefined, size: number): void;
}

const NEVER = Number.POSITIVE_INFINITY;
/** Of all outputs that never had one; nothing is added to it. */
const NO_EVENTS = createWaitingEvents();

interface Packet {
  end: number;
  readonly size: number;
}

interface Reply extends Packet {
  readonly owed: Owed;
}

interface BegunEvent extends Packet {
  readonly owed: Owed | undefined;
}

/** Plain data, one of its kind for every connection: what it can do are the functions below. */
export interface Output extends Pieces {
  readonly gone: Gone;
  /** Whose memory its packets count against. */
  readonly payer: Domain | undefined;
  /** Those that are told of, in order. */
  replies: Reply[];
  /** Events that nobody has begun to read, and the one that somebody has. */
  events: WaitingEvents;
  begun: BegunEvent | undefined;
}

/**
 * Begins a packet and returns where in `packetBytes` its payload goes; fill it before anything
 * else. `owed`: who is told when the reply has been read.
 */
export function beginPacket(
  q: Output,
  type: number,
  reqId: number,
  txId: number,
  length: number,
  owed: Owed | undefined,
): number {
  const size = HEADER_SIZE + length;
  const piece = reserve(q, size);
  putHeader(piece.bytes, piece.tail, type, reqId, txId, length);
  piece.tail += size;
  q.size += size;
  if (owed !== undefined) q.replies.push({ end: (piece.base + piece.tail) >>> 0, size, owed });
  return piece.tail - length;
}

/** Begins the packet of a watch event, as `beginPacket` does. */
export function beginEvent(
  q: Output,
  length: number,
  said: Said,
  deadlineMs: number,
  owed: Owed | undefined,
): number {
  const at = beginPacket(q, XS_WATCH_EVENT, 0, 0, length, undefined);
  const { base, tail } = q.last;
  if (q.events === NO_EVENTS) q.events = createWaitingEvents();
  addEvent(q.events, (base + tail) >>> 0, HEADER_SIZE + length, said, deadlineMs, owed);
  return at;
}

const startOf = ({ end, size }: Packet): number => (end - size) >>> 0;

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

function settleReplies(q: Output, read: number): void {
  const { replies } = q;
  let done = 0;
  while (done < replies.length && distance((replies[done] as Reply).end, read) <= 0) done++;
  if (done === 0) return;
  q.replies = replies.slice(done);
  for (let i = 0; i < done; i++) {
    const { owed, size } = replies[i] as Reply;
    q.gone.reply(q.payer, owed, size);
  }
}

/** The first `count` bytes have been read. */
export function consumeOutput(q: Output, count: number): void {
  if (count < 0 || count > q.size) assert(false, `${count} bytes read, too many`);
  const read = passOver(q, count);
  if (q.events.count > 0 || q.begun !== undefined) settleEvents(q, read);
  if (q.replies.length > 0) settleReplies(q, read);
}

/** How much has been read of the packet that is being read, of those with a record. */
function begunBytes(q: Output): number {
  const packet = q.begun ?? q.replies[0];
  return packet === undefined ? 0 : Math.max(0, distance(position(q.first), startOf(packet)));
}

/** Takes the packets of the `count` oldest events out: each piece and record is looked at once. */
function takeOut(q: Output, count: number): void {
  const { events, replies } = q;
  const numberAt = (i: number): number => (events.first + i) & events.mask;
  let removed = 0;
  let next = 0;
  let reply = 0;
  for (let piece: Piece | undefined = q.first; piece !== undefined; piece = piece.next) {
    const { bytes, base, tail } = piece;
    let from = piece.head;
    let to = from;
    const before = removed;
    for (; next < count; next++) {
      const end = distance(events.end[numberAt(next)] as number, base);
      if (end > tail) break;
      const start = end - (events.size[numberAt(next)] as number);
      for (; reply < replies.length; reply++) {
        const each = replies[reply] as Reply;
        if (distance(each.end, base) > start) break;
        each.end = (each.end - removed) >>> 0;
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
  for (; reply < replies.length; reply++) {
    const each = replies[reply] as Reply;
    each.end = (each.end - removed) >>> 0;
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
  const { last, replies, begun } = q;
  const base = (last.base + last.tail) >>> 0;
  q.first = emptyPiece(base);
  q.last = q.first;
  q.size = 0;
  q.replies = [];
  q.begun = undefined;
  if (begun !== undefined) q.gone.event(q.payer, begun.owed, begun.size);
  while (q.events.count > 0) forgetFirst(q);
  for (const { owed, size } of replies) q.gone.reply(q.payer, owed, size);
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
    ...{ replies: [], events: NO_EVENTS, begun: undefined },
  };
}

/** Bytes not read yet, with what has been read of the packet that is being read. */
export function unfinishedBytes(q: Output): number {
  return q.size + begunBytes(q);
}

/** Watch events not read yet. */
export function eventCount({ events, begun }: Output): number {
  return events.count + (begun === undefined ? 0 : 1);
}

/** The first unread bytes, as many as lie in one piece; valid until the output changes. */
export function peekOutput({ first }: Output): Uint8Array {
  return first.bytes.subarray(first.head, first.tail);
}

/** A buffer whose first `frontSize` bytes are the same; valid as long. */
export function frontOf({ first }: Output): Uint8Array {
  return first.head === 0 ? first.bytes : first.bytes.subarray(first.head, first.tail);
}

export function frontSize({ first }: Output): number {
  return first.tail - first.head;
}

/** The buffer that a packet just begun lies in. */
export function packetBytes(q: Output): Uint8Array {
  return q.last.bytes;
}
