/**
 * Reads and writes of a vchan that never wait: as a stream, any bytes at a time, or as packets,
 * whole or not at all. A call gives a count; 0 means that an event will tell when it is worth to
 * ask again, CLOSED that the other end has left, BROKEN that its indices are impossible.
 *
 * Bytes are copied once, from or to an array of the caller's; nothing is made for a call.
 */

import { VCHAN_NOTIFY_READ, VCHAN_NOTIFY_WRITE } from '../abi/vchan.ts';
import { assert } from '../core/assert.ts';
import { copyBytes } from '../core/bytes.ts';
import {
  bytesFree,
  bytesLeft,
  bytesReady,
  CLOSED,
  peerIsThere,
  tell,
  type VchanEnd,
} from './end.ts';

/** Moves bytes that are there, and says so (do_recv @ RELEASE-4.17.0). */
function take(end: VchanEnd, into: Uint8Array, at: number, count: number): number {
  const { data, at: base, size, index, ownWord } = end.read;
  const start = index & (size - 1);
  const first = Math.min(count, size - start);
  copyBytes(data.bytes, base + start, into, at, first);
  if (first < count) copyBytes(data.bytes, base, into, at + first, count - first);
  end.read.index = (index + count) | 0;
  Atomics.store(end.control.words, ownWord, end.read.index);
  tell(end, VCHAN_NOTIFY_READ);
  return count;
}

/** Moves bytes that there is room for, and says so (do_send @ RELEASE-4.17.0). */
function put(end: VchanEnd, from: Uint8Array, at: number, count: number): number {
  const { data, at: base, size, index, ownWord } = end.write;
  const start = index & (size - 1);
  const first = Math.min(count, size - start);
  copyBytes(from, at, data.bytes, base + start, first);
  if (first < count) copyBytes(from, at + first, data.bytes, base, count - first);
  end.write.index = (index + count) | 0;
  Atomics.store(end.control.words, ownWord, end.write.index);
  tell(end, VCHAN_NOTIFY_WRITE);
  return count;
}

/**
 * What can be read in one piece of at least `wanted` bytes, at most all. An end that has left may
 * have written between our look at its index and the one at its live byte, so the index is looked
 * at once more: C's libxenvchan_read loses those bytes.
 */
function readable(end: VchanEnd, wanted: number): number {
  const ready = bytesReady(end, wanted, VCHAN_NOTIFY_WRITE);
  if (ready < 0 || ready >= wanted) return ready;
  if (peerIsThere(end)) return 0;
  const left = bytesLeft(end);
  return left < 0 || left >= wanted ? left : CLOSED;
}

/** Moves at most `max` bytes, 1 or more, to `into` at `at`. */
export function readVchan(end: VchanEnd, into: Uint8Array, at: number, max: number): number {
  const ready = readable(end, 1);
  return ready <= 0 ? ready : take(end, into, at, Math.min(ready, max));
}

/**
 * Moves `size` bytes to `into` at `at`, or none. No more than the ring has; what is less than
 * `size` and was left by an end that is gone stays there.
 */
export function recvVchan(end: VchanEnd, into: Uint8Array, at: number, size: number): number {
  assert(size > 0 && size <= end.read.size, `a packet of ${size} bytes`);
  const ready = readable(end, size);
  return ready <= 0 ? ready : take(end, into, at, size);
}

/** Moves as many of the bytes of `from` from `start` to `stop` as there is room for. */
export function writeVchan(end: VchanEnd, from: Uint8Array, start: number, stop: number): number {
  if (!peerIsThere(end)) return CLOSED;
  const free = bytesFree(end, 1, VCHAN_NOTIFY_READ);
  return free <= 0 ? free : put(end, from, start, Math.min(free, stop - start));
}

/** Moves the bytes of `from` from `start` to `stop`, or none. No more than the ring has. */
export function sendVchan(end: VchanEnd, from: Uint8Array, start: number, stop: number): number {
  const size = stop - start;
  assert(size > 0 && size <= end.write.size, `a packet of ${size} bytes`);
  if (!peerIsThere(end)) return CLOSED;
  const free = bytesFree(end, size, VCHAN_NOTIFY_READ);
  if (free < 0) return free;
  return free < size ? 0 : put(end, from, start, size);
}
