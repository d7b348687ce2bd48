/** Whose a journal is: the first words of its memory say what it is about. */

import type { Region } from '../platform/region.ts';
import { LOST_OWNER, OWNER_WORD } from '../xenbus/journal-grants.ts';

/** What the word OWNER says: that the journal is somebody's, or nobody's. */
const CLAIMED = 0x5a3c_6996;
const DISOWNED = 0x25c3_9669;

/** The word before it is its driver's own. */
const OWNER = OWNER_WORD;
/** A sum over what comes behind it: how many words, and the words. */
const SUM = 2;
const COUNT = 3;
const FIRST = 4;
/** Fewer and more than any identity has. */
const WORDS_MIN = 12;
export const CLAIM_WORDS_MAX = 64;
/** Where a driver's own words begin. */
export const CLAIM_END = FIRST + CLAIM_WORDS_MAX;

function sumOf(words: Int32Array, count: number): number {
  let sum = (words[FIRST] as number) ^ count;
  for (let i = 0; i < count; i++) sum = ((sum << 5) | (sum >>> 27)) ^ (words[FIRST + i] as number);
  return sum;
}

/**
 * The journal is from now on that of what these words name: the first of them is the kind of
 * journal, and the second the version of its layout, in every version.
 */
export function claim({ words }: Region, identity: readonly number[]): void {
  words.set(identity, FIRST);
  words[COUNT] = identity.length;
  words[SUM] = sumOf(words, identity.length);
  Atomics.store(words, OWNER, CLAIMED);
}

/** Nobody's: before it is cleared, so that no half of it is believed. */
export function disown({ words }: Region): void {
  Atomics.store(words, OWNER, DISOWNED);
}

/**
 * Goes on in other memory of the same size. Until its last store that is
 * nobody's, so that whoever dies before it has lost what the old memory had, and no more.
 */
export function moveClaimed({ words }: Region, to: Region): void {
  Atomics.store(to.words, OWNER, DISOWNED);
  to.words.set(words.subarray(0, OWNER));
  to.words.set(words.subarray(OWNER + 1), OWNER + 1);
  Atomics.store(to.words, OWNER, words[OWNER] as number);
}

/**
 * Whose it is: that of what these words name, another's or nobody's. `damaged`: it was somebody's,
 * and nobody knows whose. `lost`: there was one, which nobody has any more. A number is the version
 * of another build's, which may be about the same.
 */
export function ownerOf(
  { words }: Region,
  identity: readonly number[],
): 'this' | 'other' | 'damaged' | 'lost' | number {
  const owner = Atomics.load(words, OWNER);
  if (owner === LOST_OWNER) return 'lost';
  // Memory that was made just now.
  if (owner === 0) return words.every((word) => word === 0) ? 'other' : 'damaged';
  if (owner === DISOWNED) return 'other';
  const count = words[COUNT] as number;
  const isIntact =
    count >= WORDS_MIN && count <= CLAIM_WORDS_MAX && sumOf(words, count) === words[SUM];
  if (owner !== CLAIMED || !isIntact) return 'damaged';
  const version = (words[FIRST + 1] as number) >>> 0;
  const [magic, ours] = identity;
  if (words[FIRST] === magic && version !== ours) return version;
  return count === identity.length && identity.every((word, i) => words[FIRST + i] === word)
    ? 'this'
    : 'other';
}
