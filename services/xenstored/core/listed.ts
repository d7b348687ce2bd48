/**
 * A large directory's list on the wire. To make it takes a walk over all children; what comes and
 * goes later is noted, and put into the old list when it is next asked for.
 */

import { putLatin1 } from '../../../shared/core/bytes.ts';
import { LISTED_CHANGES_MAX } from './limits.ts';

/** Never changed: replaced, since snapshots share it. */
export interface Listed {
  readonly bytes: Uint8Array;
  /** Names in `bytes` that are there no more. */
  readonly went: readonly string[];
  /** Names that come after them, in their order. */
  readonly came: readonly string[];
}

const NO_NAMES: readonly string[] = [];

export function listedAs(bytes: Uint8Array): Listed {
  return { bytes, went: NO_NAMES, came: NO_NAMES };
}

/** Undefined once so much has changed that the list is better made anew. */
function bounded(listed: Listed): Listed | undefined {
  return listed.went.length + listed.came.length > LISTED_CHANGES_MAX ? undefined : listed;
}

export function withName(listed: Listed | undefined, name: string): Listed | undefined {
  return listed && bounded({ ...listed, came: [...listed.came, name] });
}

export function withoutName(listed: Listed | undefined, name: string): Listed | undefined {
  if (listed === undefined) return undefined;
  const at = listed.came.indexOf(name);
  if (at >= 0) return { ...listed, came: listed.came.toSpliced(at, 1) };
  return bounded({ ...listed, went: [...listed.went, name] });
}

/** Names that differ only a little do so at their end. */
function isNameAt(bytes: Uint8Array, at: number, name: string): boolean {
  for (let i = name.length - 1; i >= 0; i--) {
    if (bytes[at + i] !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** Copies the list without the names that went; where the copy ends. */
function copyRest({ bytes, went }: Listed, into: Uint8Array): number {
  let [from, to] = [0, 0];
  let left = went.length;
  for (let at = 0; at < bytes.length && left > 0; ) {
    const end = bytes.indexOf(0, at);
    const start = at;
    at = end + 1;
    if (!went.some((name) => name.length === end - start && isNameAt(bytes, start, name))) continue;
    left--;
    into.set(bytes.subarray(from, start), to);
    to += start - from;
    from = at;
  }
  into.set(bytes.subarray(from), to);
  return to + bytes.length - from;
}

/** With all that was noted in its bytes, which then are `size`. */
export function upToDate(listed: Listed, size: number): Listed {
  const { went, came } = listed;
  if (went.length + came.length === 0) return listed;
  const bytes = new Uint8Array(size);
  let at = copyRest(listed, bytes);
  for (const name of came) at = putLatin1(bytes, at, name) + 1;
  return listedAs(bytes);
}
