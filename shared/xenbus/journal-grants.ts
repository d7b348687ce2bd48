/**
 * Memory for a driver domain that outlives it: pages of dom0 that the keeper grants for each of its
 * devices, and names in the back end's node `journal`.
 */

import { type Gref, gref } from '../core/ids.ts';
import { PAGE_SIZE } from '../platform/region.ts';

/** Of the back end's directory. */
export const JOURNAL_NODE = 'journal';

/**
 * What the node says while a keeper has nothing in place of the journal of one that is gone: of
 * what is under way nobody but the back end knows.
 */
export const LOST_TEXT = 'lost';

/** Of a journal, the word that says whose it is, and what it says where that is lost. */
export const OWNER_WORD = 1;
export const LOST_OWNER = 0x7473_6f6c;

/** Marks new memory as that of a journal that is lost, on whichever of its pages that begins. */
export function markLost(words: Int32Array): void {
  for (let at = OWNER_WORD; at < words.length; at += PAGE_SIZE / 4) words[at] = LOST_OWNER;
}

/** Pages for one device: a block back end's two rings of 64 slots, with what is known of each. */
export const JOURNAL_PAGES = 8;

export function journalText(grefs: readonly number[]): string {
  return grefs.join(' ');
}

/** undefined: not what a keeper writes. */
export function parseJournal(text: string): readonly Gref[] | undefined {
  const words = text.split(' ');
  if (words.length > JOURNAL_PAGES || !words.every((word) => /^[0-9]{1,10}$/.test(word))) {
    return undefined;
  }
  const numbers = words.map(Number);
  return numbers.every((number) => number <= 0xffff_ffff) ? numbers.map(gref) : undefined;
}
