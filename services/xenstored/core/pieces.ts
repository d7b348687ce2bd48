/** Memory that waits to be read: one small piece that grows, or a row of larger ones. */

import { OUTPUT_KEEP, OUTPUT_PIECE } from './limits.ts';

export interface Piece {
  bytes: Uint8Array;
  /** Unread are those from `head` to `tail`. */
  head: number;
  tail: number;
  /** The position of bytes[0] in the stream of all bytes ever sent, modulo 2^32. */
  base: number;
  next: Piece | undefined;
}

/** What holds a row of pieces. */
export interface Pieces {
  first: Piece;
  last: Piece;
  /** Bytes not read yet. */
  size: number;
}

const FIRST_PIECE = 512;
const NONE = new Uint8Array(0);

export function emptyPiece(base: number): Piece {
  return { bytes: NONE, head: 0, tail: 0, base, next: undefined };
}

/** How far position `a` lies behind `b`; negative if it lies before it. */
export const distance = (a: number, b: number): number => (a - b) | 0;

export const position = ({ base, head }: Piece): number => (base + head) >>> 0;

/** Makes room for `size` bytes, where there is none, at the tail of the last piece. */
export function reserve(q: Pieces, size: number): Piece {
  const { last } = q;
  const used = last.tail - last.head;
  if (q.first !== last || (used + size) * 2 > OUTPUT_PIECE) {
    const base = (last.base + last.tail) >>> 0;
    const piece = { bytes: new Uint8Array(OUTPUT_PIECE), head: 0, tail: 0, base, next: undefined };
    last.next = piece;
    q.last = piece;
    return piece;
  }
  if (used + size > last.bytes.length / 2) {
    const bigger = new Uint8Array(Math.max(FIRST_PIECE, (used + size) * 2));
    bigger.set(last.bytes.subarray(last.head, last.tail));
    last.bytes = bigger;
  } else last.bytes.copyWithin(0, last.head, last.tail);
  last.base = (last.base + last.head) >>> 0;
  last.head = 0;
  last.tail = used;
  return last;
}

/** Starts at the front of a piece again once all is read; gives a large one back. */
export function rest({ first }: Pieces): void {
  first.base = position(first);
  first.head = 0;
  first.tail = 0;
  if (first.bytes.length > OUTPUT_KEEP) first.bytes = NONE;
}

/** The first `count` bytes have been read; where the next one lies. */
export function passOver(q: Pieces, count: number): number {
  q.size -= count;
  let { first } = q;
  let left = count;
  while (left >= first.tail - first.head && first.next !== undefined) {
    left -= first.tail - first.head;
    first = first.next;
    q.first = first;
  }
  first.head += left;
  const read = (first.base + first.head) >>> 0;
  if (q.size === 0) rest(q);
  return read;
}

/** Gives back pieces that hold nothing any more. */
export function dropEmpty(q: Pieces): void {
  while (q.first.head === q.first.tail && q.first.next !== undefined) q.first = q.first.next;
  let piece = q.first;
  while (piece.next !== undefined) {
    if (piece.next.head < piece.next.tail) piece = piece.next;
    else piece.next = piece.next.next;
  }
  q.last = piece;
  if (q.size === 0) rest(q);
}
