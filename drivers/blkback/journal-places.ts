/** What is kept of a disk while no backend serves it: what it is called, and how large it is. */

import type { JournalPlace } from '../../shared/backend/journal-places.ts';
import { ringSlots } from '../../shared/ring/io-ring.ts';
import { journalPages } from './core/journal.ts';
import type { FrontKeys } from './keys.ts';

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
