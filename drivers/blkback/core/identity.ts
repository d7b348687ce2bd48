/** Whose requests a journal keeps: in its header, behind the count of requests. */

import type { Journal } from './journal.ts';

/** Of the layout of journals. Another one's are not read. */
const VERSION = 2;
const MAGIC = 0x6c74_7862;

/** What the word OWNER says: that the journal is somebody's, or nobody's. */
const CLAIMED = 0x5a3c_6996;
const DISOWNED = 0x25c3_9669;

const OWNER = 1;
/** A sum over what comes behind it: how many words, and the words. */
const SUM = 2;
const COUNT = 3;
const FIRST = 4;
/** Fewer and more than any ring's identity has. */
const WORDS_MIN = 12;
const WORDS_MAX = 64;

export interface Identity {
  readonly domid: number;
  /** What no other domain of this host has, if Xen tells; in two words. */
  readonly uniqueId: bigint;
  readonly device: number;
  readonly queue: number;
  readonly slotBytes: number;
  readonly slots: number;
  readonly port: number;
  readonly ringRefs: readonly number[];
}

function wordsOf(identity: Identity): readonly number[] {
  const { domid, uniqueId, device, queue, slotBytes, slots, port, ringRefs } = identity;
  const unique = [Number(uniqueId & 0xffff_ffffn), Number(uniqueId >> 32n)];
  return [
    ...[MAGIC, VERSION, domid, ...unique, device, queue, slotBytes, slots, port],
    ...[ringRefs.length, ...ringRefs],
  ].map((word) => word | 0);
}

function sumOf(words: Int32Array, count: number): number {
  let sum = MAGIC ^ count;
  for (let i = 0; i < count; i++) sum = ((sum << 5) | (sum >>> 27)) ^ (words[FIRST + i] as number);
  return sum;
}

/** The journal is this ring's from now on. */
export function claimJournal({ region: { words } }: Journal, identity: Identity): void {
  const all = wordsOf(identity);
  words.set(all, FIRST);
  words[COUNT] = all.length;
  words[SUM] = sumOf(words, all.length);
  Atomics.store(words, OWNER, CLAIMED);
}

/** Nobody's: before it is cleared, so that no half of it is believed. */
export function disownJournal({ region: { words } }: Journal): void {
  Atomics.store(words, OWNER, DISOWNED);
}

/**
 * Whose it is: this ring's, another's or nobody's. `damaged`: it was somebody's, and nobody knows
 * whose.
 */
export function ownerOf(
  { region: { words } }: Journal,
  identity: Identity,
): 'this' | 'other' | 'damaged' {
  const owner = Atomics.load(words, OWNER);
  // Memory that was made just now.
  if (owner === 0) return words.every((word) => word === 0) ? 'other' : 'damaged';
  if (owner === DISOWNED) return 'other';
  const count = words[COUNT] as number;
  const isIntact = count >= WORDS_MIN && count <= WORDS_MAX && sumOf(words, count) === words[SUM];
  if (owner !== CLAIMED || !isIntact) return 'damaged';
  const all = wordsOf(identity);
  return count === all.length && all.every((word, i) => words[FIRST + i] === word)
    ? 'this'
    : 'other';
}
