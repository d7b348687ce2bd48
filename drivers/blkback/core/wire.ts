/**
 * Requests and responses of a block device's ring, in the layouts of frontends of 64 and of 32 bits
 * (io/blkif.h @ RELEASE-4.17.0; those of 32 bits align a u64 to 4 bytes).
 */

import { BLKIF_OP_DISCARD, BLKIF_OP_INDIRECT } from '../../../shared/abi/blkif.ts';
import type { Protocol } from '../../../shared/ring/blkif-slots.ts';

/** A request as it was read, from a private copy; nothing in it has been judged. */
export interface Request {
  /** BLKIF_OP_...; of an indirect one what it is to do. */
  operation: number;
  isIndirect: boolean;
  segments: number;
  /** Of a discard. */
  flags: number;
  idLow: number;
  idHigh: number;
  /** In units of 512 bytes. Beyond 2^53 they are rounded, and no disk has them. */
  sector: number;
  /** Of a discard. */
  sectors: number;
}

const word = (words: Int32Array, at: number): number => (words[at] as number) >>> 0;

/** What is small stays an integer for engines, too, which is no object of theirs. */
function wide(words: Int32Array, at: number): number {
  const high = word(words, at + 1);
  return high === 0 ? word(words, at) : high * 2 ** 32 + word(words, at);
}

/** Reads the slot that begins at word `at` of a private copy. */
export function readRequest(
  { idWord, sectorWord, restWord }: Protocol,
  words: Int32Array,
  at: number,
  into: Request,
): void {
  const head = word(words, at);
  const operation = head & 0xff;
  into.isIndirect = operation === BLKIF_OP_INDIRECT;
  into.operation = into.isIndirect ? (head >>> 8) & 0xff : operation;
  const isDiscard = operation === BLKIF_OP_DISCARD;
  into.flags = isDiscard ? (head >>> 8) & 0xff : 0;
  into.segments = into.isIndirect ? head >>> 16 : isDiscard ? 0 : (head >>> 8) & 0xff;
  into.idLow = words[at + idWord] as number;
  into.idHigh = words[at + idWord + 1] as number;
  into.sector = wide(words, at + sectorWord);
  into.sectors = isDiscard ? wide(words, at + restWord) : 0;
}

/** The operation byte of the response: of an indirect request that of what it did. */
export function writeResponse(
  { responseWords }: Protocol,
  words: Int32Array,
  at: number,
  request: Pick<Request, 'idLow' | 'idHigh' | 'operation'>,
  status: number,
): void {
  words[at] = request.idLow;
  words[at + 1] = request.idHigh;
  words[at + 2] = (status << 16) | request.operation;
  // Padding tells nothing of us.
  if (responseWords > 3) words[at + 3] = 0;
}
