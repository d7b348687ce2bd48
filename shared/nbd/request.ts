/** Requests of the transmission phase. */

import { putU16, putU32, putU64 } from '../core/big-endian.ts';
import { NBD_REQUEST_MAGIC } from './protocol.ts';

/** Writes a request's head at `at`, its cookie in two words; where its data goes. */
export function putRequest(
  bytes: Uint8Array,
  at: number,
  command: number,
  high: number,
  low: number,
  offset: number,
  length: number,
): number {
  putU32(bytes, at, NBD_REQUEST_MAGIC);
  putU16(bytes, at + 4, 0);
  putU16(bytes, at + 6, command);
  putU32(bytes, at + 8, high);
  putU32(bytes, at + 12, low);
  putU64(bytes, at + 16, offset);
  return putU32(bytes, at + 24, length);
}
