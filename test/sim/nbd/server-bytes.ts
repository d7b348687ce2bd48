/** What servers of NBD send, true or not. */

import { putU16, putU32, putU64 } from '../../../shared/core/big-endian.ts';
import {
  IHAVEOPT,
  NBD_FLAG_HAS_FLAGS,
  NBD_FLAG_SEND_FLUSH,
  NBD_FLAG_SEND_TRIM,
  NBD_INFO_BLOCK_SIZE,
  NBD_INFO_EXPORT,
  NBD_OPT_GO,
  NBD_REP_ACK,
  NBD_REP_INFO,
  NBD_REP_MAGIC,
  NBD_SIMPLE_REPLY_MAGIC,
  NBDMAGIC,
} from '../../../shared/nbd/protocol.ts';

export const ALL_FLAGS = NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_TRIM;

export function bytesOf(...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function put(size: number, how: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  how(bytes);
  return bytes;
}

export const u16 = (value: number): Uint8Array => put(2, (bytes) => putU16(bytes, 0, value));
export const u32 = (value: number): Uint8Array => put(4, (bytes) => putU32(bytes, 0, value));
export const u64 = (value: number): Uint8Array => put(8, (bytes) => putU64(bytes, 0, value));
export const words = (magic: readonly [number, number]): Uint8Array =>
  bytesOf(u32(magic[0]), u32(magic[1]));

export const greeting = (flags = 3): Uint8Array =>
  bytesOf(words(NBDMAGIC), words(IHAVEOPT), u16(flags));

export const optionReply = (
  type: number,
  data: Uint8Array = new Uint8Array(0),
  option = NBD_OPT_GO,
): Uint8Array => bytesOf(words(NBD_REP_MAGIC), u32(option), u32(type), u32(data.length), data);

export const exportInfo = (size: number, flags = ALL_FLAGS): Uint8Array =>
  optionReply(NBD_REP_INFO, bytesOf(u16(NBD_INFO_EXPORT), u64(size), u16(flags)));

export const blockInfo = (min: number, preferred: number, max: number): Uint8Array =>
  optionReply(NBD_REP_INFO, bytesOf(u16(NBD_INFO_BLOCK_SIZE), u32(min), u32(preferred), u32(max)));

export const ack = (): Uint8Array => optionReply(NBD_REP_ACK);

/** All of a server's part of a handshake that goes well. */
export const welcome = (size: number, flags = ALL_FLAGS): Uint8Array =>
  bytesOf(greeting(), exportInfo(size, flags), ack());

/** A reply of the transmission phase; its cookie in two words. */
export const reply = (
  high: number,
  low: number,
  error = 0,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array => bytesOf(u32(NBD_SIMPLE_REPLY_MAGIC), u32(error), u32(high), u32(low), data);
