/** Grant tables, version 1 (grant_table.h @ RELEASE-4.17.0; the same in RELEASE-4.20.0). */

import { i16, layout, u16, u32, u64 } from '../core/layout.ts';

export const GNTTABOP_map_grant_ref = 0;
export const GNTTABOP_unmap_grant_ref = 1;
export const GNTTABOP_setup_table = 2;
export const GNTTABOP_copy = 5;
export const GNTTABOP_query_size = 6;
export const GNTTABOP_set_version = 8;
export const GNTTABOP_get_version = 10;

/** The first references of a table belong to the toolstack: the console's page, xenstore's page. */
export const GNTTAB_NR_RESERVED_ENTRIES = 8;
export const GNTTAB_RESERVED_CONSOLE = 0;
export const GNTTAB_RESERVED_XENSTORE = 1;

export const GTF_invalid = 0;
export const GTF_permit_access = 1;
export const GTF_accept_transfer = 2;
export const GTF_transitive = 3;
export const GTF_type_mask = 3;
export const GTF_readonly = 1 << 2;
/** Set by Xen while the page is mapped or copied from, or to. */
export const GTF_reading = 1 << 3;
export const GTF_writing = 1 << 4;

export const GNTMAP_device_map = 1 << 0;
export const GNTMAP_host_map = 1 << 1;
export const GNTMAP_readonly = 1 << 2;

export const GNTCOPY_source_gref = 1 << 0;
export const GNTCOPY_dest_gref = 1 << 1;

export const GNTST_okay = 0;
export const GNTST_general_error = -1;
export const GNTST_bad_domain = -2;
export const GNTST_bad_gntref = -3;
export const GNTST_bad_handle = -4;
export const GNTST_bad_virt_addr = -5;
export const GNTST_bad_dev_addr = -6;
export const GNTST_no_device_space = -7;
export const GNTST_permission_denied = -8;
export const GNTST_bad_page = -9;
export const GNTST_bad_copy_arg = -10;
export const GNTST_address_too_big = -11;
export const GNTST_eagain = -12;
export const GNTST_no_space = -13;

export const grantEntryV1 = layout('struct grant_entry_v1', 8, {
  flags: u16(0),
  domid: u16(2),
  frame: u32(4),
});

/** `status` is a GNTST_*. */
export const gnttabMapGrantRef = layout('struct gnttab_map_grant_ref', 32, {
  hostAddr: u64(0),
  flags: u32(8),
  ref: u32(12),
  dom: u16(16),
  status: i16(18),
  handle: u32(20),
  devBusAddr: u64(24),
});

export const gnttabUnmapGrantRef = layout('struct gnttab_unmap_grant_ref', 24, {
  hostAddr: u64(0),
  devBusAddr: u64(8),
  handle: u32(16),
  status: i16(20),
});

export const gnttabSetupTable = layout('struct gnttab_setup_table', 24, {
  dom: u16(0),
  nrFrames: u32(4),
  status: i16(8),
  frameList: u64(16),
});

export const gnttabQuerySize = layout('struct gnttab_query_size', 16, {
  dom: u16(0),
  nrFrames: u32(4),
  maxNrFrames: u32(8),
  status: i16(12),
});

export const gnttabCopy = layout('struct gnttab_copy', 40, {
  sourceRef: u32(0, 'source.u.ref'),
  sourceGmfn: u64(0, 'source.u.gmfn'),
  sourceDomid: u16(8, 'source.domid'),
  sourceOffset: u16(10, 'source.offset'),
  destRef: u32(16, 'dest.u.ref'),
  destGmfn: u64(16, 'dest.u.gmfn'),
  destDomid: u16(24, 'dest.domid'),
  destOffset: u16(26, 'dest.offset'),
  len: u16(32),
  flags: u16(34),
  status: i16(36),
});
