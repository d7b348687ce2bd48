/**
 * Byte rings in a shared page, as xenstore and the console have them: one end writes bytes and
 * moves
 * `prod`, the other reads them and moves `cons`; both indices are u32 that run free (io/xs_wire.h,
 * io/console.h @ RELEASE-4.17.0).
 *
 * Either end may be hostile. Each call reads both indices once, checks them, copies, and then
 * publishes its own. Nothing is kept between calls, so that a page can be reset under both ends.
 * Only the other end's index is read in order with the bytes; the own one orders nothing.
 */

import { xenconsInterface } from '../abi/console.ts';
import { xenstoreDomainInterface } from '../abi/xs-wire.ts';
import { assert } from '../core/assert.ts';
import { copyBytes } from '../core/bytes.ts';
import type { Region } from '../platform/region.ts';

/** Where in a page a ring lies: the offset and size of its bytes, and its indices as words. */
export interface ByteRing {
  readonly at: number;
  /** A power of two. */
  readonly size: number;
  readonly consWord: number;
  readonly prodWord: number;
}

/** The indices are impossible: the other end is broken or means harm. */
export const BROKEN = -1;

interface Field {
  readonly at: number;
  readonly size: number;
}

function ringOf(data: Field, cons: Field, prod: Field): ByteRing {
  const { at, size } = data;
  assert((size & (size - 1)) === 0, `a ring of ${size} bytes`);
  return { at, size, consWord: cons.at / 4, prodWord: prod.at / 4 };
}

const xs = xenstoreDomainInterface.fields;
const xencons = xenconsInterface.fields;

/** From the domain to xenstored. */
export const XENSTORE_REQUESTS = ringOf(xs.req, xs.reqCons, xs.reqProd);
/** From xenstored to the domain. */
export const XENSTORE_REPLIES = ringOf(xs.rsp, xs.rspCons, xs.rspProd);
/** To the guest. */
export const CONSOLE_IN = ringOf(xencons.in, xencons.inCons, xencons.inProd);
/** From the guest. */
export const CONSOLE_OUT = ringOf(xencons.out, xencons.outCons, xencons.outProd);

/** Bytes that wait to be read, or BROKEN. */
export function ringReady({ words }: Region, { size, consWord, prodWord }: ByteRing): number {
  const ready = (Atomics.load(words, prodWord) - Atomics.load(words, consWord)) >>> 0;
  return ready > size ? BROKEN : ready;
}

/** Copies at most `max` bytes of the ring, which keeps them, to `into` at `at`: how many. */
export function peekRing(
  { bytes, words }: Region,
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
export function takeRing({ words }: Region, { consWord }: ByteRing, count: number): void {
  Atomics.store(words, consWord, ((words[consWord] as number) + count) | 0);
}

/** Moves at most `max` bytes from the ring to `into` at `at`: how many, or BROKEN; see takeRing. */
export function readRing(
  region: Region,
  ring: ByteRing,
  into: Uint8Array,
  at: number,
  max: number,
): number {
  const count = peekRing(region, ring, into, at, max);
  if (count > 0) takeRing(region, ring, count);
  return count;
}

/**
 * Moves bytes of `from`, from `start` to `end`, into the ring, as many as there is room for: how
 * many, or BROKEN. If any were moved the reader is to be notified.
 */
export function writeRing(
  { bytes, words }: Region,
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

/** Empties the ring; for the end that owns the page's life, while the other end keeps away. */
export function resetRing({ words }: Region, { consWord, prodWord }: ByteRing): void {
  Atomics.store(words, consWord, 0);
  Atomics.store(words, prodWord, 0);
}
