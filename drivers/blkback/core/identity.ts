/** Whose requests a journal keeps: in its header, behind the count of requests. */

import type { Journal } from './journal.ts';

/** Of the layout of journals. Another one's are not read. */
const VERSION = 1;
const MAGIC = 0x6c74_7862;

const VALID = 1;
const FIRST = 2;

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

/** The journal is this ring's from now on. */
export function claimJournal({ region: { words } }: Journal, identity: Identity): void {
  wordsOf(identity).forEach((word, i) => {
    words[FIRST + i] = word;
  });
  Atomics.store(words, VALID, 1);
}

/** Nobody's: before it is cleared, so that no half of it is believed. */
export function disownJournal({ region: { words } }: Journal): void {
  Atomics.store(words, VALID, 0);
}

export function isJournalOf({ region: { words } }: Journal, identity: Identity): boolean {
  if (Atomics.load(words, VALID) !== 1) return false;
  return wordsOf(identity).every((word, i) => words[FIRST + i] === word);
}
