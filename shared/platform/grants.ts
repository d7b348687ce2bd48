/** Port: grant references of the domain we run in (grant_table.h @ RELEASE-4.17.0). */

import type { Domid, Gref } from '../core/ids.ts';
import type { Result } from '../core/result.ts';
import type { Region } from './region.ts';

export interface Offer {
  readonly region: Region;
  /** One reference a page, in the region's order. */
  readonly grefs: readonly Gref[];
}

/** One end of a copy: a granted page of `domid`, or a region of ours. */
export type CopyEnd =
  | { readonly domid: Domid; readonly gref: Gref; readonly offset: number }
  | { readonly region: Region; readonly offset: number };

export interface CopyOp {
  readonly from: CopyEnd;
  readonly to: CopyEnd;
  /** Bytes; from offset to end within one page at both ends. */
  readonly size: number;
}

export interface Grants {
  /** New zeroed pages of ours that `remote` may map. ENOSPC when the table is full. */
  offer(remote: Domid, count: number, access: 'ro' | 'rw'): Result<Offer>;
  /** Ends an offer and frees its pages; pages that a peer still maps are freed when it lets go. */
  revoke(offer: Offer): void;
  /**
   * Maps pages that `owner` offered, all or none. EINVAL for a bad reference, EACCES for `rw` on
   * `ro`.
   */
  map(owner: Domid, grefs: readonly Gref[], access: 'ro' | 'rw'): Result<Region>;
  unmap(region: Region): void;
  /**
   * Copies through the hypervisor; one result an operation, in order. A failed one moves nothing.
   */
  copy(ops: readonly CopyOp[]): readonly Result<void>[];
}
