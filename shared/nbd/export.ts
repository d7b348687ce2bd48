/** What a server says of an export, and the disk that it makes. */

import { getU16, getU32, getU64 } from '../core/big-endian.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { BlockShape } from '../platform/block-io.ts';
import { MIN_BLOCK_MAX, PAYLOAD_DEFAULT, SECTOR_MAX } from './limits.ts';
import {
  NBD_FLAG_HAS_FLAGS,
  NBD_FLAG_READ_ONLY,
  NBD_FLAG_SEND_FLUSH,
  NBD_FLAG_SEND_TRIM,
} from './protocol.ts';

export interface NbdExport {
  readonly sizeBytes: number;
  readonly isReadOnly: boolean;
  readonly canFlush: boolean;
  readonly canTrim: boolean;
  /** What offsets and lengths are multiples of: a power of two. */
  readonly minBlock: number;
  /** Bytes of data in one request: a multiple of it. */
  readonly maxPayload: number;
}

/** Size and flags at `at`: of NBD_INFO_EXPORT, or in answer to NBD_OPT_EXPORT_NAME. */
export function readExport(bytes: Uint8Array, at: number): Result<NbdExport> {
  const sizeBytes = getU64(bytes, at);
  const flags = getU16(bytes, at + 8);
  if ((flags & NBD_FLAG_HAS_FLAGS) === 0) return fail('EPROTO', `flags without the first one`);
  // Offsets are kept as numbers.
  if (sizeBytes > Number.MAX_SAFE_INTEGER) return fail('EPROTO', 'a size above 2^53 bytes');
  return ok({
    sizeBytes,
    isReadOnly: (flags & NBD_FLAG_READ_ONLY) !== 0,
    canFlush: (flags & NBD_FLAG_SEND_FLUSH) !== 0,
    canTrim: (flags & NBD_FLAG_SEND_TRIM) !== 0,
    ...{ minBlock: 1, maxPayload: PAYLOAD_DEFAULT },
  });
}

export type Blocks = Pick<NbdExport, 'minBlock' | 'maxPayload'>;

/** NBD_INFO_BLOCK_SIZE without its type: minimum, preferred and maximum. */
export function readBlocks(bytes: Uint8Array, at: number): Result<Blocks> {
  const [minBlock, preferred] = [getU32(bytes, at), getU32(bytes, at + 4)];
  const maxPayload = getU32(bytes, at + 8);
  const isPower = minBlock > 0 && (minBlock & (minBlock - 1)) === 0;
  if (!isPower || minBlock > MIN_BLOCK_MAX) return fail('EPROTO', `blocks of ${minBlock} bytes`);
  if (maxPayload < Math.max(minBlock, preferred)) {
    return fail('EPROTO', `blocks of ${preferred} bytes, and at most ${maxPayload} at a time`);
  }
  return ok({ minBlock, maxPayload: maxPayload - (maxPayload % minBlock) });
}

/**
 * The disk of an export. EROFS: it is to be written, and may only be read; EOPNOTSUPP: its blocks
 * are such that no guest could use it.
 */
export function shapeOf(from: NbdExport, isReadOnly: boolean): Result<BlockShape> {
  const sectorBytes = Math.max(512, from.minBlock);
  if (!isReadOnly && from.isReadOnly) return fail('EROFS', 'the export may only be read');
  if (sectorBytes > SECTOR_MAX) return fail('EOPNOTSUPP', `blocks of ${from.minBlock} bytes`);
  if (from.maxPayload < sectorBytes) {
    return fail('EOPNOTSUPP', `at most ${from.maxPayload} bytes at a time`);
  }
  return ok({
    sectorBytes,
    sectors: Math.floor(from.sizeBytes / sectorBytes) * (sectorBytes / 512),
    isReadOnly,
    canDiscard: from.canTrim && !isReadOnly,
    canDiscardSecurely: false,
    ...(!from.canFlush && { cannotFlush: true as const }),
  });
}

/** What is another export's: `now` cannot stand for `before`. Undefined if it can. */
export function changeOf(before: NbdExport, now: NbdExport): string | undefined {
  const told: (readonly [string, number | boolean, number | boolean])[] = [
    ['size', before.sizeBytes, now.sizeBytes],
    ['read-only', before.isReadOnly, now.isReadOnly],
    ['flush', before.canFlush, now.canFlush],
    ['trim', before.canTrim, now.canTrim],
    ['minimum block', before.minBlock, now.minBlock],
  ];
  const other = told.find(([, was, is]) => was !== is);
  return other && `it is another export: its ${other[0]} was ${other[1]} and is ${other[2]}`;
}
