/** Port: pages of our own and pages of domains that we control (memory.h @ RELEASE-4.17.0). */

import type { Domid } from '../core/ids.ts';
import type { Result } from '../core/result.ts';
import type { Region } from './region.ts';

export interface Memory {
  /** Zeroed pages of ours, fit for hypercalls. ENOMEM. */
  pages(count: number): Result<Region>;
  /**
   * Maps frames of another domain, read-write, in the order given, all or none. EINVAL, ESRCH,
   * EPERM.
   */
  mapForeign(owner: Domid, gfns: readonly number[]): Result<Region>;
  /** Maps frames of another domain's grant table (XENMEM_acquire_resource), read-write. */
  mapGrantTable(owner: Domid, frame: number, count: number): Result<Region>;
  unmap(region: Region): void;
}
