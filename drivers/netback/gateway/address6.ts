/** Addresses of IPv6 as bytes in frames. */

/** Whether the first `count` bytes at both places are the same. */
export function isSame(
  a: Uint8Array,
  at: number,
  b: Uint8Array,
  bAt: number,
  count: number,
): boolean {
  for (let i = 0; i < count; i++) if (a[at + i] !== b[bAt + i]) return false;
  return true;
}

export const isGroup = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0xff;

export const isLinkLocal = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 0xfe && ((bytes[at + 1] as number) & 0xc0) === 0x80;

/** Nobody's, and the host's own: ::, ::1, and IPv4 in another dress (RFC 4291 2.5). */
export function isNoHost6(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/** Of a MAC address (RFC 4291, appendix A). */
export function linkLocalOf(mac: Uint8Array): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac;
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f);
}

/** The last four bytes of a group's address behind 33:33 (RFC 2464 7). */
export function putGroupMac(
  bytes: Uint8Array,
  mac: number,
  group: Uint8Array,
  groupAt: number,
): void {
  bytes[mac] = 0x33;
  bytes[mac + 1] = 0x33;
  for (let i = 0; i < 4; i++) bytes[mac + 2 + i] = group[groupAt + 12 + i] as number;
}
