/**
 * Values as bytes: MessagePack by msgpackr, with a fixed profile. No records, which would be
 * learned from the peer and compiled; maps are objects, byte strings are copies.
 */

import { Packr } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';
import { fail, ok, type Result } from '../core/result.ts';
import { MESSAGE_MAX } from './limits.ts';
import { plainFault } from './plain.ts';

const PROFILE = {
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: 'auto',
  copyBuffers: true,
  moreTypes: false,
} as const;

const packr = new Packr(PROFILE);
const unpackr = new Unpackr(PROFILE);

/** The bytes of a length before each message. */
export const HEADER_BYTES = 4;

/** A message with its length before it. E2BIG. The value is plain data of our own making. */
export function encodeMessage(value: unknown): Result<Uint8Array> {
  const packed = packr.pack(value);
  const { length } = packed;
  if (length > MESSAGE_MAX)
    return fail('E2BIG', `a message of ${length} bytes, not ${MESSAGE_MAX}`);
  const framed = new Uint8Array(HEADER_BYTES + length);
  for (let i = 0; i < HEADER_BYTES; i++) framed[i] = length >>> (8 * i);
  framed.set(packed, HEADER_BYTES);
  return ok(framed);
}

/** The value of a message without its length. EPROTO. The bytes are ours alone. */
export function decodeMessage(bytes: Uint8Array): Result<unknown> {
  const fault = plainFault(bytes);
  if (fault !== undefined) return fail('EPROTO', `a message of ${bytes.length} bytes: ${fault}`);
  try {
    return ok(unpackr.unpack(bytes));
  } catch (thrown) {
    return fail('EPROTO', `a message of ${bytes.length} bytes: ${(thrown as Error).message}`);
  }
}
