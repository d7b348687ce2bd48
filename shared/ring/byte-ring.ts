/**
 * Byte rings in a shared page, as xenstore and the console have them: one end writes bytes and
 * moves `prod`, the other reads them and moves `cons`; both indices are u32 that run free
 * (io/xs_wire.h, io/console.h @ RELEASE-4.17.0).
 *
 * Either end may be hostile. Nothing is kept between calls, so that a page can be reset under both
 * ends. How bytes are moved is in core/ring-moves.ts.
 */

import { xenconsInterface } from '../abi/console.ts';
import { xenstoreDomainInterface } from '../abi/xs-wire.ts';
import { assert } from '../core/assert.ts';
import { BROKEN, type ByteRing, peekRing, takeRing } from '../core/ring-moves.ts';
import type { Region } from '../platform/region.ts';

interface Field {
  readonly at: number;
  readonly size: number;
}

function ringOf(data: Field, cons: Field, prod: Field): ByteRing {
  const { at, size } = data;
  assert((size & (size - 1)) === 0, `a ring of ${size} bytes`);
  const [consWord, prodWord] = [cons.at / 4, prod.at / 4];
  return { at, size, consWord, prodWord, place: Uint32Array.of(at, size, consWord, prodWord) };
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

/** Empties the ring; for the end that owns the page's life, while the other end keeps away. */
export function resetRing({ words }: Region, { consWord, prodWord }: ByteRing): void {
  Atomics.store(words, consWord, 0);
  Atomics.store(words, prodWord, 0);
}
