/** Grants: offers and mappings by the kernel, copies by the hypervisor. */

import { errnoName } from '../../core/errno.ts';
import { type Domid, type Gref, gref } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Grants, Offer } from '../grants.ts';
import type { Region } from '../region.ts';
import { grantCopies, type LocalEnd } from './grant-copies.ts';
import type { Kernel } from './kernel.ts';
import { Regions } from './regions.ts';

interface Mapped {
  readonly owner: Domid;
  readonly grefs: readonly Gref[];
}

/** `addressOf` finds regions of the other ports: copies may take any region of ours. */
export function grants(
  kernel: Kernel,
  addressOf: (region: Region) => number | undefined,
): Result<Grants> {
  const offered = new Regions<Uint32Array>(kernel);
  const mapped = new Regions<Mapped>(kernel);

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
    return ok(mapped.add(made, { owner, grefs: [...grefs] }));
  };

  /** A page that is mapped is named by its reference: it has no frame number of ours. */
  const localEnd = (region: Region, page: number): LocalEnd | undefined => {
    const mapping = mapped.find(region);
    if (mapping) {
      const { owner, grefs } = mapping.about;
      return { domid: owner, gref: grefs[page]! };
    }
    const address = offered.find(region)?.address ?? addressOf(region);
    return address === undefined ? undefined : { address };
  };

  const copies = grantCopies(kernel, localEnd);
  if (!copies.ok) return copies;
  return ok({
    offer,
    revoke: ({ region }) => {
      const { buffer, about } = offered.remove(region);
      kernel.grantRevoke(buffer, about);
    },
    map,
    unmap: (region) => kernel.grantUnmap(mapped.remove(region).buffer),
    copy: copies.value,
  });
}
