/**
 * A look over a message before it is decoded: whether it is one whole MessagePack value of plain
 * data, within limits. A decoder makes values while it reads, and knows more kinds than we want:
 * extensions, among them msgpackr's records, which it compiles code for.
 */

import { DEPTH_MAX, VALUES_MAX } from './limits.ts';

/** Formats by their first byte (spec.md of MessagePack). */
const NIL = 0xc0;
const FALSE = 0xc2;
const TRUE = 0xc3;
const BIN8 = 0xc4;
const BIN32 = 0xc6;
const FLOAT32 = 0xca;
const FLOAT64 = 0xcb;
const UINT8 = 0xcc;
const INT64 = 0xd3;
const STR8 = 0xd9;
const STR32 = 0xdb;
const ARRAY16 = 0xdc;
const ARRAY32 = 0xdd;
const MAP16 = 0xde;
const MAP32 = 0xdf;

interface Walk {
  readonly bytes: Uint8Array;
  at: number;
  values: number;
}

/** A number of 1, 2 or 4 bytes, or more than any length if they are not there. */
function lengthAt(walk: Walk, size: number): number {
  const { bytes, at } = walk;
  walk.at += size;
  if (walk.at > bytes.length) return Number.POSITIVE_INFINITY;
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] as number);
  return value;
}

const ABRUPT = 'it ends in the middle of a value';

function skip(walk: Walk, count: number): string | undefined {
  walk.at += count;
  return walk.at > walk.bytes.length ? ABRUPT : undefined;
}

function isString(first: number): boolean {
  return (first >= 0xa0 && first <= 0xbf) || (first >= STR8 && first <= STR32);
}

/** `count` values, or pairs whose first is a string. */
function many(walk: Walk, count: number, depth: number, isMap: boolean): string | undefined {
  // Each takes a byte at least, so that no number sent can make this long.
  if (count * (isMap ? 2 : 1) > walk.bytes.length - walk.at) return ABRUPT;
  if (depth >= DEPTH_MAX) return `it is nested more than ${DEPTH_MAX} deep`;
  for (let i = 0; i < count; i++) {
    if (isMap) {
      if (!isString(walk.bytes[walk.at] ?? 0)) return 'a key is no string';
      const key = value(walk, depth + 1);
      if (key !== undefined) return key;
    }
    const fault = value(walk, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function value(walk: Walk, depth: number): string | undefined {
  const first = walk.bytes[walk.at];
  if (first === undefined) return ABRUPT;
  if (++walk.values > VALUES_MAX) return `it has more than ${VALUES_MAX} values`;
  walk.at++;
  if (first < 0x80 || first >= 0xe0) return undefined;
  if (first < 0x90) return many(walk, first & 0x0f, depth, true);
  if (first < 0xa0) return many(walk, first & 0x0f, depth, false);
  if (first < 0xc0) return skip(walk, first & 0x1f);
  if (first === NIL || first === FALSE || first === TRUE) return undefined;
  if (first >= BIN8 && first <= BIN32) return skip(walk, lengthAt(walk, 1 << (first - BIN8)));
  if (first === FLOAT32) return skip(walk, 4);
  if (first === FLOAT64) return skip(walk, 8);
  if (first >= UINT8 && first <= INT64) return skip(walk, 1 << ((first - UINT8) & 3));
  if (first >= STR8 && first <= STR32) return skip(walk, lengthAt(walk, 1 << (first - STR8)));
  if (first === ARRAY16 || first === ARRAY32) {
    return many(walk, lengthAt(walk, first === ARRAY16 ? 2 : 4), depth, false);
  }
  if (first === MAP16 || first === MAP32) {
    return many(walk, lengthAt(walk, first === MAP16 ? 2 : 4), depth, true);
  }
  return 'it holds something that is no plain data';
}

/** Why the bytes are no plain value, if they are none. */
export function plainFault(bytes: Uint8Array): string | undefined {
  const walk: Walk = { bytes, at: 0, values: 0 };
  const fault = value(walk, 0);
  if (fault !== undefined) return fault;
  return walk.at < bytes.length ? 'there is more behind its value' : undefined;
}
