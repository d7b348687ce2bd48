/**
 * Bytes into and out of a ring of bytes in a shared page (ring/byte-ring.ts has the rings). Here
 * since it takes several steps, each dear to an engine that does not compile: a stub domain gets
 * the kernel's functions in their place (platform/stubdom/ring-moves.ts).
 *
 * Each call reads both indices once, checks them, copies, and then publishes its own. Only the
 * other end's index is read in order with the bytes; the own one orders nothing.
 */

import { copyBytes } from './bytes.ts';

/** Where in a page a ring lies: the offset and size of its bytes, and its indices as words. */
export interface ByteRing {
  readonly at: number;
  /** A power of two. */
  readonly size: number;
  readonly consWord: number;
  readonly prodWord: number;
  /** The same four in this order. */
  readonly place: Uint32Array;
}

/** Two views of one page. */
export interface RingPage {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/** The indices are impossible: the other end is broken or means harm. */
export const BROKEN = -1;

/** Copies at most `max` bytes of the ring, which keeps them, to `into` at `at`: how many. */
export function peekRing(
  { bytes, words }: RingPage,
  { at: base, size, consWord, prodWord }: ByteRing,
  into: Uint8Array,
  at: number,
  max: number,
): number {
  const cons = words[consWord] as number;
  const ready = (Atomics.load(words, prodWord) - cons) >>> 0;
  if (ready > size) return BROKEN;
  const count = Math.min(ready, max);
  if (count === 0) return 0;
  const start = cons & (size - 1);
  const toEnd = size - start;
  if (count <= toEnd) copyBytes(bytes, base + start, into, at, count);
  else {
    copyBytes(bytes, base + start, into, at, toEnd);
    copyBytes(bytes, base, into, at + toEnd, count - toEnd);
  }
  return count;
}

/** Takes bytes that were seen. The writer is to be notified, since it may wait for room. */
export function takeRing({ words }: RingPage, { consWord }: ByteRing, count: number): void {
  Atomics.store(words, consWord, ((words[consWord] as number) + count) | 0);
}

/**
 * Moves bytes of `from`, from `start` to `end`, into the ring, as many as there is room for: how
 * many, or BROKEN. If any were moved the reader is to be notified.
 */
export function writeRing(
  { bytes, words }: RingPage,
  { at: base, size, consWord, prodWord }: ByteRing,
  from: Uint8Array,
  start: number,
  end: number,
): number {
  const prod = words[prodWord] as number;
  const used = (prod - Atomics.load(words, consWord)) >>> 0;
  if (used > size) return BROKEN;
  const count = Math.min(size - used, end - start);
  if (count === 0) return 0;
  const to = prod & (size - 1);
  const toEnd = size - to;
  if (count <= toEnd) copyBytes(from, start, bytes, base + to, count);
  else {
    copyBytes(from, start, bytes, base + to, toEnd);
    copyBytes(from, start + toEnd, bytes, base, count - toEnd);
  }
  Atomics.store(words, prodWord, (prod + count) | 0);
  return count;
}
