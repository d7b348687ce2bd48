/** Pages of our own, and frames of domains that we may map. */

import {
  XENMEM_resource_grant_table,
  XENMEM_resource_grant_table_id_shared,
} from '../../abi/memory.ts';
import { errnoName } from '../../core/errno.ts';
import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Memory } from '../memory.ts';
import type { Region } from '../region.ts';
import type { Kernel, Status } from './kernel.ts';
import { Regions } from './regions.ts';

export interface StubdomMemory extends Memory {
  /** Where a region of this port lies. */
  addressOf(region: Region): number | undefined;
}

export function memory(kernel: Kernel): StubdomMemory {
  const own = new Regions<'own'>(kernel);
  const foreign = new Regions<'foreign'>(kernel);
  const mapped = (made: ArrayBuffer | Status, what: string): Result<Region> =>
    typeof made === 'number' ? fail(errnoName(made), what) : ok(foreign.add(made, 'foreign'));

  return {
    pages: (count) => {
      const made = kernel.pages(count);
      if (typeof made === 'number') return fail(errnoName(made), `no memory for ${count} pages`);
      return ok(own.add(made, 'own'));
    },
    mapForeign: (owner: Domid, gfns) =>
      mapped(
        kernel.mapForeign(owner, Float64Array.from(gfns)),
        `cannot map ${gfns.length} frames of domain ${owner}`,
      ),
    mapGrantTable: (owner, frame, count) =>
      mapped(
        kernel.mapResource(
          owner,
          XENMEM_resource_grant_table,
          XENMEM_resource_grant_table_id_shared,
          frame,
          count,
        ),
        `cannot map the grant table of domain ${owner}`,
      ),
    unmap: (region) => {
      if (own.find(region)) kernel.freePages(own.remove(region).buffer);
      else kernel.unmapForeign(foreign.remove(region).buffer);
    },
    addressOf: (region) => (own.find(region) ?? foreign.find(region))?.address,
  };
}
