/**
 * A PVH guest's physical address space as libxl lays it out (libxl_dom.c, xg_dom_x86.c @
 * RELEASE-4.17.0).
 */

import type { MemoryRange } from '../../platform/domain-control.ts';
import { PAGE_SIZE } from '../../platform/region.ts';

/** A run of equal extents: 2^order pages at each gfn, each aligned to its size. */
export interface Extents {
  readonly order: number;
  readonly gfns: readonly number[];
}

/** libxl_arch.h @ RELEASE-4.17.0, ACPI_INFO_PHYSICAL_ADDRESS. Our tables start there. */
export const ACPI_PADDR = 0xfc000000;
/** libxl_arch.h @ RELEASE-4.17.0, LAPIC_BASE_ADDRESS. */
export const LAPIC_PADDR = 0xfee00000;
/** xenguest.h @ RELEASE-4.17.0, X86_HVM_END_SPECIAL_REGION and X86_HVM_NR_SPECIAL_PAGES. */
const SPECIAL_END_GFN = 0xff000;
const SPECIAL_PAGES = 8;

const special = (index: number): number => SPECIAL_END_GFN - SPECIAL_PAGES + index;

/**
 * The special pages at the places that libxc gives them (xg_dom_x86.c @ RELEASE-4.17.0,
 * SPECIALPAGE_*). The three rings are names only: whoever turns on memory events populates its ring
 * (xc_vm_event_enable). Pages 3 and 5 are for ioreq servers, which no PVH guest has.
 */
export const SPECIAL_GFN = {
  pagingRing: special(0),
  monitorRing: special(1),
  sharingRing: special(2),
  xenstore: special(4),
  identPt: special(6),
  console: special(7),
} as const;

/** The special pages that a PVH guest has memory at. */
export const SPECIAL_POPULATED = [
  SPECIAL_GFN.xenstore,
  SPECIAL_GFN.identPt,
  SPECIAL_GFN.console,
] as const;

const FOUR_GIB = 2 ** 32;

/**
 * RAM makes room for the local APIC, the ACPI tables and the special pages, whichever is lowest.
 */
const LOW_RAM_END = Math.min(ACPI_PADDR, LAPIC_PADDR, special(0) * PAGE_SIZE);

/** RAM from 0 to `lowEnd`, and from 4 GiB to `highEnd` (which is 4 GiB if there is none). */
export interface Ram {
  readonly lowEnd: number;
  readonly highEnd: number;
}

/** There is no hole below 1 MiB: a PVH guest has neither VGA nor a BIOS. Whole pages. */
export function ramOf(memoryKib: number): Ram {
  const bytes = Math.floor((memoryKib * 1024) / PAGE_SIZE) * PAGE_SIZE;
  return {
    lowEnd: Math.min(bytes, LOW_RAM_END),
    highEnd: FOUR_GIB + Math.max(0, bytes - LOW_RAM_END),
  };
}

/** The orders that nested paging has superpages for: 1 GiB, 2 MiB, 4 KiB. */
const ORDERS = [18, 9, 0] as const;

/** All RAM and the given single pages, in the largest extents that fit, largest first. */
export function extentsOf(ram: Ram, singles: readonly number[]): Extents[] {
  const byOrder = new Map<number, number[]>(ORDERS.map((order) => [order, []]));
  cover(byOrder, 0, ram.lowEnd / PAGE_SIZE);
  cover(byOrder, FOUR_GIB / PAGE_SIZE, ram.highEnd / PAGE_SIZE);
  byOrder.get(0)?.push(...singles);
  return [...byOrder]
    .filter(([, gfns]) => gfns.length > 0)
    .map(([order, gfns]) => ({ order, gfns }));
}

/** `from` is aligned to the largest order, so that greed is best. */
function cover(byOrder: ReadonlyMap<number, number[]>, from: number, to: number): void {
  let gfn = from;
  for (const order of ORDERS) {
    const pages = 2 ** order;
    for (; gfn + pages <= to; gfn += pages) byOrder.get(order)?.push(gfn);
  }
}

/**
 * The memory map (E820) in ascending order, without overlaps. `rsdpPage` is an ACPI page cut out of
 * low RAM. ACPI memory is NVS, as libxl has it since 4.22: no guest may reclaim it, so that a
 * kernel started by kexec finds it too.
 */
export function memoryMapOf(ram: Ram, acpiBytes: number, rsdpPage?: number): MemoryRange[] {
  const map: MemoryRange[] = [];
  const add = (start: number, end: number, type: MemoryRange['type']): void => {
    if (end > start) map.push({ start, bytes: end - start, type });
  };
  if (rsdpPage === undefined) add(0, ram.lowEnd, RAM);
  else {
    add(0, rsdpPage, RAM);
    add(rsdpPage, rsdpPage + PAGE_SIZE, NVS);
    add(rsdpPage + PAGE_SIZE, ram.lowEnd, RAM);
  }
  add(ACPI_PADDR, ACPI_PADDR + pageUp(acpiBytes), NVS);
  add(special(0) * PAGE_SIZE, SPECIAL_END_GFN * PAGE_SIZE, RESERVED);
  add(FOUR_GIB, ram.highEnd, RAM);
  return map;
}

const RAM = 1;
const RESERVED = 2;
const NVS = 4;

export function pageUp(bytes: number): number {
  return Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE;
}
