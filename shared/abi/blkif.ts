/** Block devices: what lies in their rings (io/blkif.h @ RELEASE-4.17.0), of 64-bit frontends. */

import { bytes, i16, layout, u8, u16, u32, u64 } from '../core/layout.ts';

export const BLKIF_OP_READ = 0;
export const BLKIF_OP_WRITE = 1;
export const BLKIF_OP_WRITE_BARRIER = 2;
export const BLKIF_OP_FLUSH_DISKCACHE = 3;
export const BLKIF_OP_RESERVED_1 = 4;
export const BLKIF_OP_DISCARD = 5;
export const BLKIF_OP_INDIRECT = 6;

export const BLKIF_MAX_SEGMENTS_PER_REQUEST = 11;
export const BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST = 8;
export const BLKIF_DISCARD_SECURE = 1;

export const BLKIF_RSP_EOPNOTSUPP = -2;
export const BLKIF_RSP_ERROR = -1;
export const BLKIF_RSP_OKAY = 0;

/** Bits of the node `info`. */
export const VDISK_CDROM = 1;
export const VDISK_REMOVABLE = 2;
export const VDISK_READONLY = 4;

/** Values of the node `protocol` (io/protocols.h @ RELEASE-4.17.0). */
export const XEN_IO_PROTO_ABI_X86_32 = 'x86_32-abi';
export const XEN_IO_PROTO_ABI_X86_64 = 'x86_64-abi';
export const XEN_IO_PROTO_ABI_ARM = 'arm-abi';

export const blkifRequestSegment = layout('struct blkif_request_segment', 8, {
  gref: u32(0),
  firstSect: u8(4),
  lastSect: u8(5),
});

export const blkifRequest = layout('struct blkif_request', 112, {
  operation: u8(0),
  nrSegments: u8(1),
  handle: u16(2),
  id: u64(8),
  sectorNumber: u64(16),
  seg: bytes(24, 88),
});

export const blkifRequestDiscard = layout('struct blkif_request_discard', 32, {
  operation: u8(0),
  flag: u8(1),
  handle: u16(2),
  id: u64(8),
  sectorNumber: u64(16),
  nrSectors: u64(24),
});

export const blkifRequestIndirect = layout('struct blkif_request_indirect', 64, {
  operation: u8(0),
  indirectOp: u8(1),
  nrSegments: u16(2),
  id: u64(8),
  sectorNumber: u64(16),
  handle: u16(24),
  indirectGrefs: bytes(28, 32),
});

export const blkifResponse = layout('struct blkif_response', 16, {
  id: u64(0),
  operation: u8(8),
  status: i16(10),
});
