/** A connected vif's rings, and the pages of ours that its back end may read and write. */

import type { Offer } from '../../../shared/platform/grants.ts';
import type { Region } from '../../../shared/platform/region.ts';

/** What the back end takes. */
export interface Abilities {
  /** Frames in more than one piece. */
  readonly sg: boolean;
  /** Large TCP frames, and blank checksums, of IPv4 and of IPv6. */
  readonly gso4: boolean;
  readonly gso6: boolean;
  readonly checksum4: boolean;
  readonly checksum6: boolean;
}

export interface VifRings {
  readonly send: Region;
  readonly receive: Region;
  /** POOL_PAGES each: those that it reads, and those that it writes. */
  readonly sendPool: Offer;
  readonly receivePool: Offer;
  readonly can: Abilities;
  readonly notifySend: () => void;
  readonly notifyReceive: () => void;
}
