/**
 * Frames that a guest has no buffers for yet, oldest first: in a ring of memory that is had when it
 * is first needed. What does not fit is dropped; a guest that offers no buffers costs this much.
 */

import type { Region } from '../../../shared/platform/region.ts';
import { WAITING_FRAMES, WAITING_MS } from './limits.ts';

export interface Waiting {
  /** Undefined: none is had yet. */
  region: Region | undefined;
  readonly at: Int32Array;
  readonly bytes: Int32Array;
  readonly sinceMs: Float64Array;
  /** The oldest's place of those arrays, and how many there are. */
  first: number;
  count: number;
}

export function createWaiting(): Waiting {
  return {
    region: undefined,
    at: new Int32Array(WAITING_FRAMES),
    bytes: new Int32Array(WAITING_FRAMES),
    sinceMs: new Float64Array(WAITING_FRAMES),
    first: 0,
    count: 0,
  };
}

/** Where frames begin. */
const ALIGN = 16;

/** Where a header and frame of so many bytes may go, or -1. */
function placeFor({ at, bytes, first, count }: Waiting, room: number, length: number): number {
  if (count === 0) return length <= room ? 0 : -1;
  const last = (first + count - 1) % WAITING_FRAMES;
  const end = (at[last] as number) + (bytes[last] as number);
  const begin = at[first] as number;
  const from = (end + ALIGN - 1) & ~(ALIGN - 1);
  if (end <= begin) return from + length <= begin ? from : -1;
  if (from + length <= room) return from;
  return length <= begin ? 0 : -1;
}

/** Puts a header and frame behind all others; false: there is no room. */
export function keep(
  waiting: Waiting,
  from: Region,
  at: number,
  length: number,
  nowMs: number,
): boolean {
  const { region, count, first } = waiting;
  if (region === undefined || count === WAITING_FRAMES) return false;
  const to = placeFor(waiting, region.bytes.length, length);
  if (to < 0) return false;
  region.bytes.set(from.bytes.subarray(at, at + length), to);
  const place = (first + count) % WAITING_FRAMES;
  waiting.at[place] = to;
  waiting.bytes[place] = length;
  waiting.sinceMs[place] = nowMs;
  waiting.count++;
  return true;
}

/** The oldest is done with: its memory stays as it is until another one is kept. */
export function letGo(waiting: Waiting): void {
  waiting.first = (waiting.first + 1) % WAITING_FRAMES;
  waiting.count--;
}

/** Drops what has waited too long; how many there were. */
export function expire(waiting: Waiting, nowMs: number): number {
  const before = waiting.count;
  while (waiting.count > 0 && nowMs - (waiting.sinceMs[waiting.first] as number) > WAITING_MS) {
    letGo(waiting);
  }
  return before - waiting.count;
}
