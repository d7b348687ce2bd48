/** Port: grant references of the domain we run in (grant_table.h @ RELEASE-4.17.0). */

import type { Errno } from '../core/errno.ts';
import type { Domid, Gref, Port } from '../core/ids.ts';
import type { Result } from '../core/result.ts';
import type { Region } from './region.ts';

/**
 * What is to happen when pages are unmapped, also by the death of who mapped them: the byte at `at`
 * becomes 0, then the event is raised at the other end of `port`, which is ours (gntdev.h,
 * IOCTL_GNTDEV_SET_UNMAP_NOTIFY). Of one page. A domain that is destroyed does not unmap.
 */
export interface UnmapNotify {
  readonly at: number;
  readonly port: Port;
}

export interface Offer {
  readonly region: Region;
  /** One reference a page, in the region's order. */
  readonly grefs: readonly Gref[];
}

/**
 * Copies by the hypervisor, of what was added since `clear`, in room made once: bytes between pages
 * that others granted, without a mapping, and regions of ours. Each lies within one page at both
 * ends: who takes offsets from a peer has looked. Add, run, see what failed, clear.
 */
export interface CopyBatch {
  /** Operations that there is room for, and those added. */
  readonly max: number;
  readonly count: number;
  clear(): void;
  /** From the page that `domid` granted, at `offset`, to a region of ours. */
  fromGuest(
    domid: Domid,
    gref: Gref,
    offset: number,
    region: Region,
    at: number,
    size: number,
  ): void;
  /** From a region of ours to the page that `domid` granted. */
  toGuest(domid: Domid, gref: Gref, offset: number, region: Region, at: number, size: number): void;
  /** Makes the copies; how many failed. Those moved nothing. */
  run(): number;
  /** What became of one: undefined if it was made. */
  error(index: number): Errno | undefined;
}

export interface Grants {
  /**
   * New zeroed pages of ours that `remote` may map. ENOSPC when the table is full. `notify` is for
   * the end of the offer.
   */
  offer(remote: Domid, count: number, access: 'ro' | 'rw', notify?: UnmapNotify): Result<Offer>;
  /** Ends an offer and frees its pages; pages that a peer still maps are freed when it lets go. */
  revoke(offer: Offer): void;
  /**
   * Maps pages that `owner` offered, all or none. EINVAL for a bad reference, EACCES for `rw` on
   * `ro`.
   */
  map(
    owner: Domid,
    grefs: readonly Gref[],
    access: 'ro' | 'rw',
    notify?: UnmapNotify,
  ): Result<Region>;
  unmap(region: Region): void;
  /** Room for copies. ENOMEM. */
  batch(max: number): Result<CopyBatch>;
}
