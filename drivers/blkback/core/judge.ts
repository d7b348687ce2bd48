/**
 * Whether a request may be done: everything that it says is a guest's word (the checks of
 * xen-blkback/blkback.c @ v6.12, and of QEMU's xen-block.c).
 */

import {
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_ERROR,
} from '../../../shared/abi/blkif.ts';
import type { BlockShape } from '../../../shared/platform/block-io.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import { INDIRECT_SEGMENTS_MAX } from './limits.ts';
import type { Request } from './wire.ts';

/** Sectors of 512 bytes in a page. */
const PAGE_SECTORS = PAGE_SIZE / 512;

/** Why a request is not done, and how it is answered. */
export interface Refusal {
  readonly status: number;
  readonly why: string;
}

const refusal = (why: string, status = BLKIF_RSP_ERROR): Refusal => ({ status, why });

const UNKNOWN = refusal('an unknown operation', BLKIF_RSP_EOPNOTSUPP);
const NO_DISCARD = refusal('a discard, which the disk cannot', BLKIF_RSP_EOPNOTSUPP);
const READ_ONLY = refusal('a write to a disk that is read-only');
const NO_SEGMENTS = refusal('no segments');
const MANY_SEGMENTS = refusal('too many segments');
const FLUSH_WITH_DATA = refusal('a flush with segments');
const INNER = refusal('an indirect request that neither reads nor writes');
const BEYOND = refusal('sectors beyond the end of the disk');
const UNALIGNED = refusal('sectors that are not the disk’s');
const BAD_SEGMENT = refusal('a segment that ends before it begins, or beyond its page');

/** Why not, from what the slot itself says; undefined: its segments decide. */
export function judge(request: Request, disk: BlockShape): Refusal | undefined {
  const { operation, segments, isIndirect } = request;
  if (isIndirect) {
    if (operation !== BLKIF_OP_READ && operation !== BLKIF_OP_WRITE) return INNER;
    if (segments > INDIRECT_SEGMENTS_MAX) return MANY_SEGMENTS;
  }
  switch (operation) {
    case BLKIF_OP_READ:
    case BLKIF_OP_WRITE:
      if (segments === 0) return NO_SEGMENTS;
      break;
    case BLKIF_OP_WRITE_BARRIER:
      // Without data it is a flush.
      break;
    case BLKIF_OP_FLUSH_DISKCACHE:
      return segments > 0 ? FLUSH_WITH_DATA : undefined;
    case BLKIF_OP_DISCARD:
      return judgeDiscard(request, disk);
    default:
      return UNKNOWN;
  }
  if (!isIndirect && segments > BLKIF_MAX_SEGMENTS_PER_REQUEST) return MANY_SEGMENTS;
  return operation !== BLKIF_OP_READ && disk.isReadOnly ? READ_ONLY : undefined;
}

function judgeDiscard({ sector, sectors }: Request, disk: BlockShape): Refusal | undefined {
  if (disk.isReadOnly) return READ_ONLY;
  if (!disk.canDiscard) return NO_DISCARD;
  if (sector + sectors > disk.sectors) return BEYOND;
  return isAligned(sector, disk) && isAligned(sectors, disk) ? undefined : UNALIGNED;
}

function isAligned(sectors: number, { sectorBytes }: BlockShape): boolean {
  return sectors % (sectorBytes / 512) === 0;
}

/** A segment's second word: its first and last sector, and padding. */
export const firstSector = (range: number): number => range & 0xff;
export const lastSector = (range: number): number => (range >>> 8) & 0xff;
export const segmentSectors = (range: number): number => lastSector(range) - firstSector(range) + 1;

/** The same from its segments: the second word of each, from word `at` on, two words a segment. */
export function judgeSegments(
  request: Request,
  words: Int32Array,
  at: number,
  disk: BlockShape,
): Refusal | undefined {
  let sectors = 0;
  for (let i = 0; i < request.segments; i++) {
    const range = words[at + 2 * i + 1] as number;
    const last = lastSector(range);
    if (last >= PAGE_SECTORS || firstSector(range) > last) return BAD_SEGMENT;
    if (!isAligned(firstSector(range), disk) || !isAligned(last + 1, disk)) return UNALIGNED;
    sectors += segmentSectors(range);
  }
  if (!isAligned(request.sector, disk)) return UNALIGNED;
  return request.sector + sectors > disk.sectors ? BEYOND : undefined;
}
