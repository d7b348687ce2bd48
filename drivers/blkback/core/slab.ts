/** Pages of ours that guests' data lies in on its way, given out in runs. */

import { assert } from '../../../shared/core/assert.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';

export interface Slab {
  readonly region: Region;
  readonly pages: number;
  free: number;
  readonly used: Uint8Array;
  /** Where the next search begins. */
  next: number;
}

export function createSlab(region: Region): Slab {
  const pages = region.bytes.length / PAGE_SIZE;
  return {
    region,
    pages,
    free: pages,
    used: new Uint8Array(pages),
    next: 0,
  };
}

/** The first of `count` pages in a row, or -1: there are none now. */
export function takePages(slab: Slab, count: number): number {
  const { used, pages, next } = slab;
  if (count > slab.free) return -1;
  let run = 0;
  // Once round, and on over the start as far as a run that began before it may reach.
  for (let looked = 0, page = next; looked < pages + count; looked++, page++) {
    if (page === pages) [page, run] = [0, 0];
    run = used[page] === 0 ? run + 1 : 0;
    if (run < count) continue;
    const first = page - count + 1;
    used.fill(1, first, page + 1);
    slab.free -= count;
    slab.next = page + 1 === pages ? 0 : page + 1;
    return first;
  }
  return -1;
}

export function givePages(slab: Slab, first: number, count: number): void {
  for (let page = first; page < first + count; page++) {
    assert(slab.used[page] === 1, 'a page is given back twice');
    slab.used[page] = 0;
  }
  slab.free += count;
}
