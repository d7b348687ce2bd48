/** Grants: offers and mappings by the kernel, copies by the hypervisor. */

import { GNTTABOP_copy } from '../../abi/grant-table.ts';
import { __HYPERVISOR_grant_table_op } from '../../abi/xen.ts';
import { errnoName } from '../../core/errno.ts';
import { type Domid, type Gref, gref } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { createCopyBatch } from '../common/copy-batch.ts';
import type { Grants, Offer } from '../grants.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { XEN_COPY } from './grant-copy.ts';
import type { Kernel } from './kernel.ts';
import { Regions } from './regions.ts';

/** `addressOf` finds regions of the other ports: copies may take any region of ours. */
export function grants(kernel: Kernel, addressOf: (region: Region) => number | undefined): Grants {
  const offered = new Regions<Uint32Array>(kernel);
  const mapped = new Regions<'mapped'>(kernel);

  const offer = (remote: Domid, count: number, access: 'ro' | 'rw'): Result<Offer> => {
    const refs = new Uint32Array(count);
    const made = kernel.grantOffer(remote, access === 'ro', refs);
    if (typeof made === 'number') {
      return fail(errnoName(made), `cannot offer ${count} pages to domain ${remote}`);
    }
    return ok({ region: offered.add(made, refs), grefs: Array.from(refs, gref) });
  };

  const map = (owner: Domid, grefs: readonly Gref[], access: 'ro' | 'rw'): Result<Region> => {
    const made = kernel.grantMap(owner, access === 'ro', Uint32Array.from(grefs));
    if (typeof made === 'number') {
      return fail(errnoName(made), `cannot map ${grefs.length} grants of domain ${owner}`);
    }
    return ok(mapped.add(made, 'mapped'));
  };

  const addressOfOurs = (region: Region): number | undefined =>
    offered.find(region)?.address ?? addressOf(region);

  return {
    offer,
    revoke: ({ region }) => {
      const { buffer, about } = offered.remove(region);
      kernel.grantRevoke(buffer, about);
    },
    map,
    unmap: (region) => kernel.grantUnmap(mapped.remove(region).buffer),
    batch: (max) => {
      const copies = kernel.pages(Math.ceil((max * XEN_COPY.bytes) / PAGE_SIZE));
      if (typeof copies === 'number') {
        return fail(errnoName(copies), `no memory for ${max} grant copies`);
      }
      const address = kernel.address(copies);
      const run = (count: number): boolean =>
        kernel.hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, address, count) >= 0;
      return ok(createCopyBatch(XEN_COPY, { addressOf: addressOfOurs, run }, copies, max));
    },
  };
}
