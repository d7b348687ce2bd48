/** Filling a domain's memory: extents from the hypervisor, then bytes through foreign mappings. */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { DomainControl } from '../../platform/domain-control.ts';
import type { Memory } from '../../platform/memory.ts';
import { PAGE_SIZE } from '../../platform/region.ts';
import type { Extents, Write } from '../image/index.ts';

/** How many frames one mapping covers: 16 MiB, so that a large ramdisk never maps as a whole. */
const MAP_BATCH_PAGES = 4096;

/**
 * What to try where the hypervisor has no extent so large: 1 GiB, 2 MiB, single pages (the sizes
 * that its paging structures know).
 */
const ORDERS = [18, 9, 0] as const;

/** Gives the domain all extents, splitting those that memory is too fragmented for. ENOMEM. */
export function populate(
  control: DomainControl,
  domid: Domid,
  extents: readonly Extents[],
): Result<void> {
  for (const { order, gfns } of extents) {
    const done = control.populatePhysmap(domid, gfns, order);
    if (!done.ok) return done;
    if (done.value === gfns.length) continue;
    const smaller = ORDERS.find((o) => o < order);
    if (smaller === undefined) {
      return fail('ENOMEM', `memory ran out at ${done.value} of ${gfns.length} pages`);
    }
    const rest = gfns.slice(done.value).flatMap((gfn) => split(gfn, order, smaller));
    const result = populate(control, domid, [{ order: smaller, gfns: rest }]);
    if (!result.ok) return result;
  }
  return ok();
}

function split(gfn: number, order: number, smaller: number): number[] {
  return Array.from({ length: 2 ** (order - smaller) }, (_, i) => gfn + i * 2 ** smaller);
}

/**
 * Copies bytes into populated memory of the domain. Ranges that share a page may follow each other.
 */
export function writeMemory(memory: Memory, domid: Domid, writes: readonly Write[]): Result<void> {
  for (const { paddr, bytes } of writes) {
    let done = 0;
    while (done < bytes.length) {
      const at = paddr + done;
      const offset = at % PAGE_SIZE;
      const room = MAP_BATCH_PAGES * PAGE_SIZE - offset;
      const chunk = bytes.subarray(done, done + room);
      const first = (at - offset) / PAGE_SIZE;
      const count = Math.ceil((offset + chunk.length) / PAGE_SIZE);
      const mapped = memory.mapForeign(
        domid,
        Array.from({ length: count }, (_, i) => first + i),
      );
      if (!mapped.ok) return mapped;
      mapped.value.bytes.set(chunk, offset);
      memory.unmap(mapped.value);
      done += chunk.length;
    }
  }
  return ok();
}
