/**
 * Memory for a driver domain that outlives it: pages of dom0 that the keeper grants for each of its
 * devices, and names in the back end's node `journal`.
 */

import { type Gref, gref } from '../core/ids.ts';

/** Of the back end's directory. */
export const JOURNAL_NODE = 'journal';

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
