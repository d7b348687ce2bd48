/**
 * What one connection has yet to read: packets one after the other in one buffer, and records of
 * those packets that something waits for (watch events, and replies that count against a quota).
 */

import { assert } from '../../../shared/core/assert.ts';
import { HEADER_SIZE, putHeader } from '../../../shared/xenstore/wire.ts';
import { OUTPUT_KEEP } from './limits.ts';

/** Called once when a packet has been read in full, or was dropped. */
export type OnGone = (size: number) => void;

interface Mark {
  /** Positions in the stream of all bytes ever sent. */
  start: number;
  end: number;
  /** Path and token of a watch event. */
  readonly event: string | undefined;
  /** When the event is dropped if nobody has begun to read it. */
  readonly deadlineMs: number;
  readonly onGone: OnGone | undefined;
}

export interface Output {
  /** Bytes not read yet. */
  size(): number;
  /** The same, with what has been read of the packet that is being read. */
  unfinished(): number;
  /** All unread bytes, in order; valid until the next call of anything here. */
  peek(): Uint8Array;
  /** A buffer whose first `size()` bytes are all unread ones; valid as long. */
  front(): Uint8Array;
  /** The first `count` bytes have been read. */
  consume(count: number): void;
  /**
   * Begins a packet and returns where in `bytes()` its payload goes; fill it before anything else.
   * `onGone` is told when the packet has been read.
   */
  begin(type: number, reqId: number, txId: number, length: number, onGone?: OnGone): number;
  /** The buffer that `begin` points into; a new one may come with every `begin`. */
  bytes(): Uint8Array;
  /** Marks the packet just begun as a watch event. */
  markEvent(event: string, deadlineMs: number, onGone: OnGone | undefined): void;
  /** Whether an equal watch event waits to be read. */
  hasEvent(event: string): boolean;
  /** Drops watch events past their deadline that nobody has begun to read; how many. */
  expire(nowMs: number): number;
  /** The earliest deadline of a waiting event; Infinity if there is none. */
  nextDeadlineMs(): number;
  /** Forgets everything unread. */
  clear(): void;
}

interface Queue {
  /** A new one may come with every packet. */
  buffer: Uint8Array;
  head: number;
  tail: number;
  /** The stream position of buffer[0]. */
  base: number;
  /** In order; those before `firstMark` are gone. */
  marks: Mark[];
  firstMark: number;
  /** How often each watch event waits. */
  readonly events: Map<string, number>;
}

const FIRST_BUFFER = 512;
const NONE = new Uint8Array(0);
const NEVER = Number.POSITIVE_INFINITY;

function unfinishedSize(out: Queue): number {
  const read = out.base + out.head;
  return out.base + out.tail - Math.min(read, out.marks[out.firstMark]?.start ?? read);
}

/** Makes room for `size` bytes at the tail. */
function reserve(out: Queue, size: number): void {
  if (out.tail + size <= out.buffer.length) return;
  const used = out.tail - out.head;
  if (used + size > out.buffer.length / 2) {
    const bigger = new Uint8Array(Math.max(FIRST_BUFFER, (used + size) * 2));
    bigger.set(out.buffer.subarray(out.head, out.tail));
    out.buffer = bigger;
  } else out.buffer.copyWithin(0, out.head, out.tail);
  out.base += out.head;
  out.head = 0;
  out.tail = used;
}

function beginPacket(
  out: Queue,
  type: number,
  reqId: number,
  txId: number,
  length: number,
  onGone?: OnGone,
): number {
  const size = HEADER_SIZE + length;
  reserve(out, size);
  putHeader(out.buffer, out.tail, type, reqId, txId, length);
  const start = out.base + out.tail;
  out.tail += size;
  if (onGone !== undefined) {
    out.marks.push({ start, end: start + size, event: undefined, deadlineMs: NEVER, onGone });
  }
  return out.tail - length;
}

function markEvent(
  out: Queue,
  event: string,
  deadlineMs: number,
  onGone: OnGone | undefined,
): void {
  const end = out.base + out.tail;
  out.marks.push({ start: end - HEADER_SIZE - event.length, end, event, deadlineMs, onGone });
  out.events.set(event, (out.events.get(event) ?? 0) + 1);
}

function forget(out: Queue, mark: Mark): void {
  if (mark.event !== undefined) {
    const left = (out.events.get(mark.event) ?? 1) - 1;
    if (left === 0) out.events.delete(mark.event);
    else out.events.set(mark.event, left);
  }
  mark.onGone?.(mark.end - mark.start);
}

/** Starts at the front of the buffer again once all is read; gives a large one back. */
function rest(out: Queue): void {
  if (out.head !== out.tail) return;
  out.base += out.head;
  out.head = 0;
  out.tail = 0;
  if (out.buffer.length > OUTPUT_KEEP) out.buffer = NONE;
}

function consume(out: Queue, count: number): void {
  if (count < 0 || count > out.tail - out.head) assert(false, `${count} bytes read, too many`);
  out.head += count;
  const read = out.base + out.head;
  for (let mark = out.marks[out.firstMark]; mark !== undefined && mark.end <= read; ) {
    out.firstMark++;
    forget(out, mark);
    mark = out.marks[out.firstMark];
  }
  if (out.firstMark > 64 || (out.firstMark > 0 && out.firstMark === out.marks.length)) {
    out.marks = out.marks.slice(out.firstMark);
    out.firstMark = 0;
  }
  rest(out);
}

/** Takes a packet out of the middle. */
function cut(out: Queue, mark: Mark, index: number): void {
  const size = mark.end - mark.start;
  const at = mark.start - out.base;
  out.buffer.copyWithin(at, at + size, out.tail);
  out.tail -= size;
  out.marks.splice(index, 1);
  for (let i = index; i < out.marks.length; i++) {
    const later = out.marks[i] as Mark;
    later.start -= size;
    later.end -= size;
  }
  forget(out, mark);
}

function expire(out: Queue, nowMs: number): number {
  let dropped = 0;
  for (let i = out.firstMark; i < out.marks.length; ) {
    const mark = out.marks[i] as Mark;
    if (mark.deadlineMs <= nowMs && mark.start >= out.base + out.head) {
      cut(out, mark, i);
      dropped++;
    } else i++;
  }
  rest(out);
  return dropped;
}

function nextDeadlineMs(out: Queue): number {
  let next = NEVER;
  for (let i = out.firstMark; i < out.marks.length; i++) {
    next = Math.min(next, (out.marks[i] as Mark).deadlineMs);
  }
  return next;
}

function clearQueue(out: Queue): void {
  const gone = out.marks.slice(out.firstMark);
  out.marks = [];
  out.firstMark = 0;
  out.base += out.tail;
  out.head = 0;
  out.tail = 0;
  out.buffer = NONE;
  for (const mark of gone) forget(out, mark);
}

export function createOutput(): Output {
  const events = new Map<string, number>();
  const q: Queue = { buffer: NONE, head: 0, tail: 0, base: 0, marks: [], firstMark: 0, events };
  return {
    size: () => q.tail - q.head,
    unfinished: () => unfinishedSize(q),
    peek: () => q.buffer.subarray(q.head, q.tail),
    front: () => (q.head === 0 ? q.buffer : q.buffer.subarray(q.head, q.tail)),
    consume: (count) => consume(q, count),
    begin: (type, reqId, txId, length, onGone) => beginPacket(q, type, reqId, txId, length, onGone),
    bytes: () => q.buffer,
    markEvent: (event, deadlineMs, onGone) => markEvent(q, event, deadlineMs, onGone),
    hasEvent: (event) => events.has(event),
    expire: (nowMs) => expire(q, nowMs),
    nextDeadlineMs: () => nextDeadlineMs(q),
    clear: () => clearQueue(q),
  };
}
