/**
 * What one connection has yet to read: packets one after the other in one buffer, and records of those
 * packets that something waits for (watch events, and replies that count against a quota).
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
  /** Begins a packet and returns where in `bytes()` its payload goes; fill it before anything else. */
  begin(type: number, reqId: number, txId: number, length: number, onGone?: OnGone): number;
  /** The buffer that `begin` points into; a new one may come with every `begin`. */
  bytes(): Uint8Array;
  /** Whether an equal watch event waits to be read. */
  hasEvent(event: string): boolean;
  /** Marks the packet just begun as a watch event. */
  markEvent(event: string, deadlineMs: number, onGone: OnGone | undefined): void;
  /** All unread bytes, in order; valid until the next call of anything here. */
  peek(): Uint8Array;
  /** The first `count` bytes have been read. */
  consume(count: number): void;
  /** Drops watch events past their deadline that nobody has begun to read; how many. */
  expire(nowMs: number): number;
  /** The earliest deadline of a waiting event; Infinity if there is none. */
  nextDeadlineMs(): number;
  /** Forgets everything unread. */
  clear(): void;
}

const FIRST_BUFFER = 512;
const NONE = new Uint8Array(0);

export function createOutput(): Output {
  let buffer: Uint8Array = NONE;
  let head = 0;
  let tail = 0;
  /** The stream position of buffer[0]. */
  let base = 0;
  let marks: Mark[] = [];
  let firstMark = 0;
  const events = new Map<string, number>();

  const reserve = (size: number): void => {
    if (tail + size <= buffer.length) return;
    const used = tail - head;
    if (used + size > buffer.length / 2) {
      const bigger = new Uint8Array(Math.max(FIRST_BUFFER, (used + size) * 2));
      bigger.set(buffer.subarray(head, tail));
      buffer = bigger;
    } else buffer.copyWithin(0, head, tail);
    base += head;
    head = 0;
    tail = used;
  };

  const forget = (mark: Mark): void => {
    if (mark.event !== undefined) {
      const left = (events.get(mark.event) ?? 1) - 1;
      if (left === 0) events.delete(mark.event);
      else events.set(mark.event, left);
    }
    mark.onGone?.(mark.end - mark.start);
  };

  const rest = (): void => {
    if (head !== tail) return;
    base += head;
    head = 0;
    tail = 0;
    if (buffer.length > OUTPUT_KEEP) buffer = NONE;
  };

  const cut = (mark: Mark, index: number): void => {
    const size = mark.end - mark.start;
    const at = mark.start - base;
    buffer.copyWithin(at, at + size, tail);
    tail -= size;
    marks.splice(index, 1);
    for (let i = index; i < marks.length; i++) {
      const later = marks[i] as Mark;
      later.start -= size;
      later.end -= size;
    }
    forget(mark);
  };

  return {
    size: () => tail - head,
    unfinished: () => base + tail - Math.min(base + head, marks[firstMark]?.start ?? base + head),
    bytes: () => buffer,
    begin: (type, reqId, txId, length, onGone) => {
      const size = HEADER_SIZE + length;
      reserve(size);
      putHeader(buffer, tail, type, reqId, txId, length);
      const start = base + tail;
      tail += size;
      if (onGone !== undefined) {
        const deadlineMs = Number.POSITIVE_INFINITY;
        marks.push({ start, end: start + size, event: undefined, deadlineMs, onGone });
      }
      return tail - length;
    },
    hasEvent: (event) => events.has(event),
    markEvent: (event, deadlineMs, onGone) => {
      const end = base + tail;
      marks.push({ start: end - HEADER_SIZE - event.length, end, event, deadlineMs, onGone });
      events.set(event, (events.get(event) ?? 0) + 1);
    },
    peek: () => buffer.subarray(head, tail),
    consume: (count) => {
      assert(count >= 0 && count <= tail - head, `${count} bytes read of ${tail - head}`);
      head += count;
      const read = base + head;
      for (let mark = marks[firstMark]; mark !== undefined && mark.end <= read; ) {
        firstMark++;
        forget(mark);
        mark = marks[firstMark];
      }
      if (firstMark > 64 || firstMark === marks.length) {
        marks = marks.slice(firstMark);
        firstMark = 0;
      }
      rest();
    },
    expire: (nowMs) => {
      let dropped = 0;
      for (let i = firstMark; i < marks.length; ) {
        const mark = marks[i] as Mark;
        if (mark.deadlineMs <= nowMs && mark.start >= base + head) {
          cut(mark, i);
          dropped++;
        } else i++;
      }
      rest();
      return dropped;
    },
    nextDeadlineMs: () => {
      let next = Number.POSITIVE_INFINITY;
      for (let i = firstMark; i < marks.length; i++) {
        next = Math.min(next, (marks[i] as Mark).deadlineMs);
      }
      return next;
    },
    clear: () => {
      const gone = marks.slice(firstMark);
      marks = [];
      firstMark = 0;
      base += tail;
      head = 0;
      tail = 0;
      buffer = NONE;
      for (const mark of gone) forget(mark);
    },
  };
}
