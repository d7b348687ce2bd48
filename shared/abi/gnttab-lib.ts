/** A struct of the library libxengnttab (xengnttab.h @ RELEASE-4.17.0, RELEASE-4.20.0). */

import { i16, layout, u16, u32, u64 } from '../core/layout.ts';

/** One copy: each end is an address of ours, or a reference with offset and domid. */
export const xengnttabGrantCopySegment = layout('struct xengnttab_grant_copy_segment', 24, {
  sourceVirt: u64(0, 'source.virt'),
  sourceRef: u32(0, 'source.foreign.ref'),
  sourceOffset: u16(4, 'source.foreign.offset'),
  sourceDomid: u16(6, 'source.foreign.domid'),
  destVirt: u64(8, 'dest.virt'),
  destRef: u32(8, 'dest.foreign.ref'),
  destOffset: u16(12, 'dest.foreign.offset'),
  destDomid: u16(14, 'dest.foreign.domid'),
  len: u16(16),
  flags: u16(18),
  status: i16(20),
});
