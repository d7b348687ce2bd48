/** What requests carry: strings ended by NULs, counted and cut as C xenstored does. */

import { latin1Of } from '../../../shared/core/bytes.ts';
import type { Path } from './path.ts';
import type { Request } from './state.ts';

/** The index of the first NUL of the payload at or after `from`; -1 without one. */
export function nulFrom(rq: Request, from: number): number {
  // The buffer goes on after the payload: what is found there is nothing.
  const nul = rq.bytes.indexOf(0, from);
  return nul < rq.end ? nul : -1;
}

/** All strings of the payload; bytes after the last NUL are none. */
export function stringsOf(rq: Request): string[] {
  const texts: string[] = [];
  let start = rq.start;
  for (let nul = nulFrom(rq, start); nul >= 0; nul = nulFrom(rq, start)) {
    texts.push(latin1Of(rq.bytes, start, nul));
    start = nul + 1;
  }
  return texts;
}

/** The payload's only string, its NUL at the very end; undefined for any other payload. */
export function oneString(rq: Request): string | undefined {
  const nul = nulFrom(rq, rq.start);
  return nul === rq.end - 1 && nul >= 0 ? latin1Of(rq.bytes, rq.start, nul) : undefined;
}

/**
 * The node that the payload's only string names (or its first `length` bytes, once somebody has
 * looked for the NUL); undefined for a malformed payload and for an invalid path.
 */
export function onePath(rq: Request, length?: number): Path | undefined {
  const { bytes, start, end, connection, state } = rq;
  const nul = length === undefined ? bytes.indexOf(0, start) : start + length;
  if (length === undefined && nul !== end - 1) return undefined;
  const { base, domain } = connection;
  const max = domain === undefined ? state.limits.pathMax : domain.limits.pathMax;
  return state.paths.find(bytes, start, nul, base, max);
}
