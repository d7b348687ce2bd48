/**
 * What a new PVH guest has in its special pages and in its grant table (xg_dom_x86.c, xg_dom_boot.c
 * @ RELEASE-4.17.0).
 */

import {
  GNTTAB_RESERVED_CONSOLE,
  GNTTAB_RESERVED_XENSTORE,
  GTF_permit_access,
  grantEntryV1,
} from '../../abi/grant-table.ts';
import { encode } from '../../core/layout.ts';
import { PAGE_SIZE } from '../../platform/region.ts';

/** Page directory entries of 4 MiB: present, writable, user, accessed, dirty, page size. */
const PDE_FLAGS = 0x01 | 0x02 | 0x04 | 0x20 | 0x40 | 0x80;
const PDE_SHIFT = 22;

/**
 * A page directory (32-bit, no PAE) that maps 4 GiB to itself: VMX without "unrestricted guest"
 * runs a guest on it as long as that has not turned on paging.
 */
export function identityPageTable(): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const view = new DataView(page.buffer);
  for (let i = 0; i < PAGE_SIZE / 4; i++) {
    view.setUint32(i * 4, ((i << PDE_SHIFT) | PDE_FLAGS) >>> 0, true);
  }
  return page;
}

/** Which of the guest's pages are its rings, and which domains serve them. */
export interface RingGrants {
  readonly consoleGfn: number;
  readonly consoleDomid: number;
  readonly xenstoreGfn: number;
  readonly xenstoreDomid: number;
}

/**
 * The start of the guest's first grant frame: the reserved entries that let the domains of
 * xenconsoled and xenstored map their rings by grant. They are of version 1, which a new guest's
 * table has.
 */
export function seedGrantTable(rings: RingGrants): Uint8Array {
  const entries = new Uint8Array(2 * grantEntryV1.size);
  const put = (gref: number, domid: number, frame: number): void =>
    encode(grantEntryV1, entries, gref * grantEntryV1.size, {
      flags: GTF_permit_access,
      domid,
      frame,
    });
  put(GNTTAB_RESERVED_CONSOLE, rings.consoleDomid, rings.consoleGfn);
  put(GNTTAB_RESERVED_XENSTORE, rings.xenstoreDomid, rings.xenstoreGfn);
  return entries;
}
