/**
 * Records of the watch events that a connection has not read: a ring in typed arrays, since a
 * peer that does not read decides how many there are. They are found by what they say through
 * chains of records with the same hash, each from a younger one to an older. Records go oldest
 * first, so that a chain ends where it leads to one that is gone, and nothing is ever unlinked.
 */

import { CHAIN_MAX } from './limits.ts';
import type { Owed } from './state.ts';

export interface WaitingEvents {
  /** The oldest record's number; numbers run through 2^32. */
  first: number;
  count: number;
  /** One less than the capacity, a power of two; -1 for none. */
  mask: number;
  /** By number: where the packet ends in the stream of all bytes, modulo 2^32, and its size. */
  end: Uint32Array;
  size: Uint16Array;
  hash: Int32Array;
  /** By number: an older record of the same chain. */
  older: Uint32Array;
  /** By hash: the youngest record of a chain. */
  youngest: Uint32Array;
  /** By number; never less than that of an older one. */
  deadlineMs: Float64Array;
  owed: (Owed | undefined)[];
  /** What it says: the path from its character `from` on, and the token. */
  path: string[];
  from: Uint16Array;
  token: string[];
}

const FIRST_CAPACITY = 8;

export function createWaitingEvents(): WaitingEvents {
  return {
    first: 0,
    count: 0,
    mask: -1,
    end: new Uint32Array(0),
    size: new Uint16Array(0),
    hash: new Int32Array(0),
    older: new Uint32Array(0),
    youngest: new Uint32Array(0),
    deadlineMs: new Float64Array(0),
    owed: [],
    path: [],
    from: new Uint16Array(0),
    token: [],
  };
}

/** Puts a record at the head of its chain. */
function link(events: WaitingEvents, number: number, hash: number): void {
  const { mask, older, youngest } = events;
  const chain = (hash ^ (hash >>> 15)) & mask;
  older[number & mask] = youngest[chain] as number;
  youngest[chain] = number;
}

function resize(events: WaitingEvents, capacity: number): void {
  const { first, count, mask: oldMask } = events;
  const { end, size, hash, deadlineMs, owed, path, from: froms, token } = events;
  const mask = capacity - 1;
  events.mask = mask;
  events.end = new Uint32Array(capacity);
  events.size = new Uint16Array(capacity);
  events.hash = new Int32Array(capacity);
  events.older = new Uint32Array(capacity);
  events.youngest = new Uint32Array(capacity);
  events.deadlineMs = new Float64Array(capacity);
  events.owed = new Array(capacity).fill(undefined);
  events.path = new Array(capacity).fill('');
  events.from = new Uint16Array(capacity);
  events.token = new Array(capacity).fill('');
  for (let i = 0; i < count; i++) {
    const number = (first + i) >>> 0;
    const [from, to] = [number & oldMask, number & mask];
    events.end[to] = end[from] as number;
    events.size[to] = size[from] as number;
    events.hash[to] = hash[from] as number;
    events.deadlineMs[to] = deadlineMs[from] as number;
    events.owed[to] = owed[from];
    events.path[to] = path[from] as string;
    events.from[to] = froms[from] as number;
    events.token[to] = token[from] as string;
    link(events, number, hash[from] as number);
  }
}

/** Whether one more fits without taking more memory. */
export function hasSpare({ count, mask }: WaitingEvents): boolean {
  return count <= mask;
}

/** An event as watchers are told of it. */
export interface Said {
  path: string;
  /** Where in the path the event begins. */
  from: number;
  token: string;
  hash: number;
}

export function addEvent(
  events: WaitingEvents,
  end: number,
  size: number,
  { path, from, token, hash }: Said,
  deadlineMs: number,
  owed: Owed | undefined,
): void {
  if (events.count > events.mask) {
    resize(events, Math.max(FIRST_CAPACITY, (events.mask + 1) * 2));
  }
  const number = (events.first + events.count) >>> 0;
  const at = number & events.mask;
  events.end[at] = end;
  events.size[at] = size;
  events.hash[at] = hash;
  events.deadlineMs[at] = deadlineMs;
  events.owed[at] = owed;
  events.path[at] = path;
  events.from[at] = from;
  events.token[at] = token;
  link(events, number, hash);
  events.count++;
}

/**
 * Whether an equal event waits. It looks at no more than CHAIN_MAX of a chain: who makes hashes
 * collide gets events twice.
 */
export function isWaiting(events: WaitingEvents, { path, from, token, hash }: Said): boolean {
  const { first, count, mask } = events;
  if (count === 0) return false;
  let number = events.youngest[(hash ^ (hash >>> 15)) & mask] as number;
  // What is gone, or was never there, has an age beyond all.
  let age = (number - first) >>> 0;
  for (let left = CHAIN_MAX; age < count && left > 0; left--) {
    const at = number & mask;
    if (events.hash[at] === hash && events.token[at] === token) {
      if (events.from[at] === from && events.path[at] === path) return true;
    }
    number = events.older[at] as number;
    const next = (number - first) >>> 0;
    if (next >= age) return false;
    age = next;
  }
  return false;
}

/** Forgets the oldest. Gives the memory of many back once none is left. */
export function dropOldest(events: WaitingEvents): void {
  const at = events.first & events.mask;
  events.owed[at] = undefined;
  events.path[at] = '';
  events.token[at] = '';
  events.first = (events.first + 1) >>> 0;
  events.count--;
  if (events.count === 0 && events.mask >= FIRST_CAPACITY * 8) {
    Object.assign(events, createWaitingEvents());
  }
}
