/**
 * The Internet's checksum (RFC 1071): the ones' complement of the ones' complement sum of all
 * 16-bit words, and how it follows a change of one of them (RFC 1624). A sum is a u32 of 16-bit
 * words that were added and not folded yet.
 */

import { getU16, putU16 } from '../core/big-endian.ts';

/** The words from `at` to `end`, a last single byte as a high one, added to `sum`. */
export function sumOf(bytes: Uint8Array, at: number, end: number, sum: number): number {
  let all = sum;
  let i = at;
  // 65535 words of a frame of 128 KiB stay below 2^32.
  for (const last = end - 1; i < last; i += 2) {
    all = (all + (((bytes[i] as number) << 8) | (bytes[i + 1] as number))) | 0;
  }
  if (i < end) all = (all + ((bytes[i] as number) << 8)) | 0;
  return all >>> 0;
}

/** To 16 bits, carries and all. */
export function fold(sum: number): number {
  let folded = (sum & 0xffff) + (sum >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** What goes into the field, which counts as zero or holds what else is to be counted. */
export function checksumOf(bytes: Uint8Array, at: number, end: number): number {
  return ~fold(sumOf(bytes, at, end, 0)) & 0xffff;
}

/** Folded, of the pseudo header (RFC 9293 3.1, RFC 8200 8.1): both addresses, length, protocol. */
export function pseudoSum(
  bytes: Uint8Array,
  addresses: number,
  addressBytes: number,
  protocol: number,
  length: number,
): number {
  return fold(sumOf(bytes, addresses, addresses + 2 * addressBytes, protocol + length));
}

/** A checksum after a word that it covers has changed. */
export function updated(checksum: number, from: number, to: number): number {
  return ~fold((~checksum & 0xffff) + (~from & 0xffff) + to) & 0xffff;
}

/** A folded sum, not inverted, after a word that it covers has changed. */
export function updatedSum(sum: number, from: number, to: number): number {
  return fold(sum + (~from & 0xffff) + to);
}

/** Puts a word at an even place of what the checksum at `checksumAt` covers. */
export function replaceU16(bytes: Uint8Array, at: number, value: number, checksumAt: number): void {
  const checksum = updated(getU16(bytes, checksumAt), getU16(bytes, at), value);
  putU16(bytes, checksumAt, checksum);
  putU16(bytes, at, value);
}

/** The same for two words. */
export function replaceU32(bytes: Uint8Array, at: number, value: number, checksumAt: number): void {
  replaceU16(bytes, at, value >>> 16, checksumAt);
  replaceU16(bytes, at + 2, value & 0xffff, checksumAt);
}
