/** The port Grants of a simulated domain. */

import { GTF_permit_access, GTF_readonly } from '../../abi/grant-table.ts';
import { assert } from '../../core/assert.ts';
import { type Domid, type Gref, gref } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Grants, Offer, UnmapNotify } from '../grants.ts';
import { PAGE_SIZE, type Region } from '../region.ts';
import type { SimDomain } from './domain.ts';
import { notifyPeer } from './event-channels.ts';
import type { Frame } from './frame.ts';
import { createCopyBatch } from './grant-copy.ts';
import {
  ENTRIES_PER_FRAME,
  endGrant,
  grantedFrame,
  growTable,
  pinEntry,
  unpinEntry,
  writeEntry,
} from './grant-table.ts';
import { frameUnmapped } from './lifecycle.ts';
import { freeOwnFrames, ownFrames } from './own-pages.ts';
import { closeRegion, openRegion } from './regions.ts';
import { findDomain, type World } from './world.ts';

export function grants(world: World, domain: SimDomain): Grants {
  const offers = new Map<Offer, readonly number[]>();
  const notices = new Map<Region, UnmapNotify>();
  const noted = (region: Region, notify: UnmapNotify | undefined): void => {
    if (notify === undefined) return;
    assert(region.bytes.length === PAGE_SIZE, 'a notice of one page');
    notices.set(region, notify);
  };
  /** What a kernel does, for a process that died, too. */
  const giveNotice = (region: Region): void => {
    const notify = notices.get(region);
    if (notify === undefined) return;
    notices.delete(region);
    region.bytes[notify.at] = 0;
    world.views.sync();
    const local = domain.ports.open.get(notify.port);
    if (local !== undefined) notifyPeer(world, local);
  };
  return {
    offer(remote, count, access, notify) {
      const refs = takeEntries(world, domain, count);
      if (!refs.ok) return refs;
      const own = ownFrames(world, domain, count);
      if (!own.ok) {
        domain.grants.free.push(...refs.value);
        return own;
      }
      const { frames, gfns } = own.value;
      const flags = GTF_permit_access | (access === 'ro' ? GTF_readonly : 0);
      refs.value.forEach((ref, i) => {
        writeEntry(domain.grants, ref, { flags, domid: remote, frame: gfns[i]! });
      });
      const region = openRegion(world, domain, frames, 'offer', `to d${remote}`);
      const offer = { region, grefs: refs.value.map(gref) };
      offers.set(offer, gfns);
      noted(region, notify);
      return ok(offer);
    },
    revoke(offer) {
      const gfns = offers.get(offer);
      assert(gfns !== undefined, 'the offer is revoked already, or somebody else made it');
      offers.delete(offer);
      giveNotice(offer.region);
      for (const ref of offer.grefs) endGrant(domain.grants, ref);
      freeOwnFrames(domain, gfns);
      closeRegion(world, domain, offer.region, 'offer');
    },
    map(owner, grefs, access, notify) {
      const mapped = mapGrants(world, domain, owner, grefs, access);
      if (mapped.ok) noted(mapped.value, notify);
      return mapped;
    },
    unmap(region) {
      giveNotice(region);
      closeRegion(world, domain, region, 'grant');
    },
    batch: (max) => ok(createCopyBatch(world, domain, max)),
  };
}

/** References of entries that nobody uses, in a table that grows when it must. */
function takeEntries(world: World, domain: SimDomain, count: number): Result<number[]> {
  const table = domain.grants;
  const unused = count - Math.min(count, table.free.length);
  const frames = Math.ceil((table.nextUnused + unused) / ENTRIES_PER_FRAME);
  const grown = growTable(world, domain, frames, frameUnmapped(world, domain));
  if (!grown.ok) return fail('ENOSPC', `no ${count} entries left in the grant table`);
  const refs = table.free.splice(0, count - unused);
  for (let i = 0; i < unused; i++) refs.push(table.nextUnused++);
  return ok(refs);
}

function mapGrants(
  world: World,
  user: SimDomain,
  ownerDomid: Domid,
  grefs: readonly Gref[],
  access: 'ro' | 'rw',
): Result<Region> {
  const found = findDomain(world, ownerDomid);
  if (!found.ok) return found;
  const owner = found.value;
  const frames: Frame[] = [];
  for (const ref of grefs) {
    const granted = grantedFrame(owner, user, ref, access);
    if (!granted.ok) return granted;
    frames.push(granted.value);
  }
  if (user.grants.maptrack + grefs.length > user.grants.maxMaptrack) {
    return fail('ENOSPC', `domain ${user.domid} maps too many grants`);
  }
  user.grants.maptrack += grefs.length;
  for (const ref of grefs) pinEntry(owner, ref, access);
  const region = openRegion(world, user, frames, 'grant', `of d${owner.domid}`, () => {
    user.grants.maptrack -= grefs.length;
    for (const ref of grefs) unpinEntry(owner, ref, access);
  });
  return ok(region);
}
