/**
 * Grants: offers and mappings by the kernel, copies by the hypervisor. Notices of an unmap are
 * given here, as a Linux kernel gives them; a domain that is destroyed, or dies of a fault, gives
 * none.
 */

import { GNTTABOP_copy } from '../../abi/grant-table.ts';
import { __HYPERVISOR_grant_table_op } from '../../abi/xen.ts';
import { assert } from '../../core/assert.ts';
import { errnoName } from '../../core/errno.ts';
import { gref } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { createCopyBatch } from '../common/copy-batch.ts';
import type { Grants, Offer, UnmapNotify } from '../grants.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import { XEN_COPY } from './grant-copy.ts';
import type { Kernel } from './kernel.ts';
import { Regions } from './regions.ts';

/** Before the region is emptied: its byte, and the event. */
function giveNotice(kernel: Kernel, { bytes }: Region, notify: UnmapNotify | undefined): void {
  if (notify === undefined) return;
  Atomics.store(bytes, notify.at, 0);
  kernel.notify(notify.port);
}

interface About {
  readonly refs: Uint32Array;
  readonly notify: UnmapNotify | undefined;
}

/** `addressOf` finds regions of the other ports: copies may take any region of ours. */
export function grants(kernel: Kernel, addressOf: (region: Region) => number | undefined): Grants {
  const offered = new Regions<About>(kernel);
  const mapped = new Regions<UnmapNotify | undefined>(kernel);

  const offer: Grants['offer'] = (remote, count, access, notify): Result<Offer> => {
    assert(notify === undefined || count === 1, 'a notice of one page');
    const refs = new Uint32Array(count);
    const made = kernel.grantOffer(remote, access === 'ro', refs);
    if (typeof made === 'number') {
      return fail(errnoName(made), `cannot offer ${count} pages to domain ${remote}`);
    }
    return ok({ region: offered.add(made, { refs, notify }), grefs: Array.from(refs, gref) });
  };

  const map: Grants['map'] = (owner, grefs, access, notify): Result<Region> => {
    assert(notify === undefined || grefs.length === 1, 'a notice of one page');
    const made = kernel.grantMap(owner, access === 'ro', Uint32Array.from(grefs));
    if (typeof made === 'number') {
      return fail(errnoName(made), `cannot map ${grefs.length} grants of domain ${owner}`);
    }
    return ok(mapped.add(made, notify));
  };

  const addressOfOurs = (region: Region): number | undefined =>
    offered.find(region)?.address ?? addressOf(region);

  return {
    offer,
    revoke: ({ region }) => {
      giveNotice(kernel, region, offered.find(region)?.about.notify);
      const { buffer, about } = offered.remove(region);
      kernel.grantRevoke(buffer, about.refs);
    },
    map,
    unmap: (region) => {
      giveNotice(kernel, region, mapped.find(region)?.about);
      kernel.grantUnmap(mapped.remove(region).buffer);
    },
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
