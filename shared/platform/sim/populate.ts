/** Memory for domains: extents within every limit that Xen keeps. */

import { assert } from '../../core/assert.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { PAGE_SIZE } from '../region.ts';
import type { SimDomain } from './domain.ts';
import type { World } from './world.ts';

/** Extents of 1 GiB at most (CONFIG_HWDOM_MAX_ORDER of Xen). */
const MAX_ORDER = 18;
/** 48 bits of guest physical address. */
const MAX_GFN = 2 ** 36;

/** The number of leading extents that were given; the first that cannot be ends the call. */
export function populate(
  world: World,
  domain: SimDomain,
  gfns: readonly number[],
  order: number,
): number {
  assert(Number.isInteger(order) && order >= 0, `order ${order}`);
  let done = 0;
  for (const gfn of gfns) {
    if (domain.life !== 'alive' || !give(world, domain, gfn, order)) break;
    done++;
  }
  return done;
}

function give(world: World, domain: SimDomain, gfn: number, order: number): boolean {
  const pages = 2 ** order;
  assert(gfn % pages === 0, `gfn ${gfn} is not aligned to its extent of order ${order}`);
  if (order > MAX_ORDER || gfn + pages > MAX_GFN) return false;
  if (domain.totalPages + pages > domain.maxPages) return false;
  if (domain.physmap.tablesWith(gfn, order) > domain.poolPages) return false;
  if (!world.memory.takeExtent(order)) return false;
  domain.physmap.add(gfn, order);
  domain.totalPages += pages;
  return true;
}

/** Sets the size of the pool that the domain's paging structures come from. */
export function setPool(world: World, domain: SimDomain, bytes: number): Result<void> {
  if (!domain.hvm || bytes % PAGE_SIZE !== 0) return fail('EINVAL', `a pool of ${bytes} bytes`);
  const more = bytes / PAGE_SIZE - domain.poolPages;
  const inUse = domain.physmap.tablesWith(0, MAX_ORDER);
  const fits = more < 0 ? bytes / PAGE_SIZE >= inUse : world.memory.take(more);
  if (!fits) return fail('ENOMEM', `no memory for a pool of ${bytes} bytes`);
  if (more < 0) world.memory.give(-more);
  domain.poolPages += more;
  return ok();
}
