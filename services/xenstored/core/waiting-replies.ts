/**
 * Records of the replies that an unprivileged connection has not read, oldest first: a ring in
 * arrays, so that an answer makes no object.
 */

import type { Owed } from './state.ts';

export interface WaitingReplies {
  /** Where the oldest lies. */
  first: number;
  count: number;
  /** One less than the capacity, a power of two; -1 for none. */
  mask: number;
  /** Where the packet ends in the stream of all bytes, modulo 2^32, and its size. */
  end: Uint32Array;
  size: Uint16Array;
  /** Of those whose requests have caused events. */
  owed: (Owed | undefined)[];
}

const FIRST_CAPACITY = 4;
const KEPT_CAPACITY = 64;

export function createWaitingReplies(): WaitingReplies {
  return {
    first: 0,
    count: 0,
    mask: -1,
    end: new Uint32Array(0),
    size: new Uint16Array(0),
    owed: [],
  };
}

function grow(replies: WaitingReplies): void {
  const { first, count, mask, end, size, owed } = replies;
  const capacity = Math.max(FIRST_CAPACITY, (mask + 1) * 2);
  replies.end = new Uint32Array(capacity);
  replies.size = new Uint16Array(capacity);
  replies.owed = new Array(capacity).fill(undefined);
  for (let i = 0; i < count; i++) {
    const from = (first + i) & mask;
    replies.end[i] = end[from] as number;
    replies.size[i] = size[from] as number;
    replies.owed[i] = owed[from];
  }
  replies.first = 0;
  replies.mask = capacity - 1;
}

export function addReply(
  replies: WaitingReplies,
  end: number,
  size: number,
  owed: Owed | undefined,
): void {
  if (replies.count > replies.mask) grow(replies);
  const at = (replies.first + replies.count) & replies.mask;
  replies.end[at] = end;
  replies.size[at] = size;
  replies.owed[at] = owed;
  replies.count++;
}

/** Forgets the oldest. Gives the memory of many back once none is left. */
export function forgetReplies(replies: WaitingReplies, count: number): void {
  replies.first = (replies.first + count) & replies.mask;
  replies.count -= count;
  if (replies.count === 0 && replies.mask >= KEPT_CAPACITY) {
    Object.assign(replies, createWaitingReplies());
  }
}
