/** What a router looks at before it does anything with a packet (RFC 1812 5.2.2, 5.3.7). */

import { getU32 } from '../../../shared/core/big-endian.ts';
import { checksumOf } from '../../../shared/net/checksum.ts';
import type { Packet } from '../../../shared/net/packet.ts';

const FIRST_GROUP = 0xe000_0000;

/** No address of one host: "this" network, the host itself, groups, what is reserved, all. */
export const isNoHost = (address: number): boolean =>
  address >>> 24 === 0 || address >>> 24 === 127 || address >= FIRST_GROUP;

export function isHeaderSound({ l3 }: Packet, bytes: Uint8Array): boolean {
  return checksumOf(bytes, l3, l3 + ((bytes[l3] as number) & 0xf) * 4) === 0;
}

export const source4 = ({ l3 }: Packet, bytes: Uint8Array): number => getU32(bytes, l3 + 12);
export const target4 = ({ l3 }: Packet, bytes: Uint8Array): number => getU32(bytes, l3 + 16);

/** The largest packet that becomes of it: of a frame that is still to be cut, a segment. */
export function packetBytes(packet: Packet): number {
  const { gsoType, gsoSize, payload, l3, l3End } = packet;
  return gsoType === 0 ? l3End - l3 : Math.min(l3End - l3, payload - l3 + gsoSize);
}
