/** What is kept of a device while no backend serves it: what it is called, and how large it is. */

import { ringSlots } from '../../shared/ring/io-ring.ts';
import { journalPages } from './core/journal.ts';
import type { FrontKeys } from './keys.ts';

export interface JournalPlace {
  readonly name: string;
  readonly pages: number;
}

/** A journal for each ring, and at last the counters. */
export function journalPlaces(
  { domid, device }: { readonly domid: number; readonly device: number },
  { rings, protocol }: FrontKeys,
): readonly JournalPlace[] {
  const journals = rings.map(({ ringRefs }, number) => ({
    name: `vbd-${domid}-${device}-${number}`,
    pages: journalPages(ringSlots(ringRefs.length, protocol.slotBytes)),
  }));
  return [...journals, { name: `vbd-${domid}-${device}.stats`, pages: 1 }];
}

/** Those of `names` that journalPlaces gives to no device at any of these paths, but to others. */
export function othersJournals(names: Iterable<string>, paths: readonly string[]): string[] {
  const there = new Set(paths.map((path) => path.split('/').slice(-2).join('-')));
  return [...names].filter((name) => {
    const device = /^vbd-([0-9]+-[0-9]+)[-.]/.exec(name)?.[1];
    return device !== undefined && !there.has(device);
  });
}
