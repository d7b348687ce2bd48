/** Numbers with their high byte first, as networks have them. Places lie within the arrays. */

export function getU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function getU32(bytes: Uint8Array, at: number): number {
  return ((getU16(bytes, at) << 16) | getU16(bytes, at + 2)) >>> 0;
}

/** Loses the low bits of what is above 2^53. */
export function getU64(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at) * 0x1_0000_0000 + getU32(bytes, at + 4);
}

/** Where the next byte goes: so do all that put. */
export function putU16(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
  return at + 2;
}

export function putU32(bytes: Uint8Array, at: number, value: number): number {
  putU16(bytes, at, value >>> 16);
  return putU16(bytes, at + 2, value & 0xffff);
}

/** A whole number below 2^53. */
export function putU64(bytes: Uint8Array, at: number, value: number): number {
  putU32(bytes, at, Math.floor(value / 0x1_0000_0000));
  return putU32(bytes, at + 4, value >>> 0);
}

/** Whether a number of 64 bits is this one of two words. */
export function isMagic(bytes: Uint8Array, at: number, magic: readonly [number, number]): boolean {
  return getU32(bytes, at) === magic[0] && getU32(bytes, at + 4) === magic[1];
}
