/**
 * Addresses and ports of an IPv4 packet are put in place of others, with all checksums that cover
 * them: whole ones, those left to the receiver (which hold the sum of the pseudo header alone), and
 * UDP's none.
 */

import { getU16, getU32, putU16 } from '../../../shared/core/big-endian.ts';
import { replaceU16, replaceU32, updated, updatedSum } from '../../../shared/net/checksum.ts';
import {
  ICMP_CHECKSUM,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_CHECKSUM,
  UDP_CHECKSUM,
} from '../../../shared/net/numbers.ts';
import { NONE, type Packet } from '../../../shared/net/packet.ts';

/** Of the addresses in an IPv4 header, and of the ports in a transport's. */
export const SOURCE = 0;
export const TARGET = 1;

const IP_CHECKSUM = 10;

/** Where the transport's checksum is; NONE where there is none, or none in this piece. */
function checksumAt({ protocol, l4, l3End }: Packet): number {
  if (l4 === NONE) return NONE;
  const offset =
    protocol === PROTOCOL_TCP ? TCP_CHECKSUM : protocol === PROTOCOL_UDP ? UDP_CHECKSUM : NONE;
  // What an error quotes may end before it.
  return offset === NONE || l4 + offset + 2 > l3End ? NONE : l4 + offset;
}

const isNoSum = (packet: Packet, bytes: Uint8Array, at: number): boolean =>
  packet.protocol === PROTOCOL_UDP && packet.csumAt !== at && getU16(bytes, at) === 0;

/** `which` is SOURCE or TARGET. */
export function putAddress(
  packet: Packet,
  bytes: Uint8Array,
  which: number,
  address: number,
): void {
  const at = packet.l3 + 12 + 4 * which;
  const sum = checksumAt(packet);
  const before = getU32(bytes, at);
  replaceU32(bytes, at, address, packet.l3 + IP_CHECKSUM);
  if (sum === NONE || isNoSum(packet, bytes, sum)) return;
  const high = before >>> 16;
  const low = before & 0xffff;
  const old = getU16(bytes, sum);
  if (packet.csumAt === sum) {
    putU16(bytes, sum, updatedSum(updatedSum(old, high, address >>> 16), low, address & 0xffff));
  } else {
    putSum(packet, bytes, sum, updated(updated(old, high, address >>> 16), low, address & 0xffff));
  }
}

/** Zero says that there is none, in UDP. */
function putSum(packet: Packet, bytes: Uint8Array, at: number, value: number): void {
  putU16(bytes, at, value === 0 && packet.protocol === PROTOCOL_UDP ? 0xffff : value);
}

/** Of a piece that has ports: that of TCP and UDP, or the identifier of an echo. */
export function putPort(packet: Packet, bytes: Uint8Array, which: number, port: number): void {
  const { l4, protocol } = packet;
  if (protocol === PROTOCOL_ICMP) {
    replaceU16(bytes, l4 + 4, port, l4 + ICMP_CHECKSUM);
    return;
  }
  const at = l4 + 2 * which;
  const sum = checksumAt(packet);
  const before = getU16(bytes, at);
  putU16(bytes, at, port);
  // What is to be completed does not count ports yet.
  if (sum === NONE || packet.csumAt === sum) return;
  if (isNoSum(packet, bytes, sum)) return;
  putSum(packet, bytes, sum, updated(getU16(bytes, sum), before, port));
}

/** A fragment's identification. */
export function putIdentification(packet: Packet, bytes: Uint8Array, id: number): void {
  replaceU16(bytes, packet.l3 + 4, id, packet.l3 + IP_CHECKSUM);
}

/** One hop less. */
export function lowerTtl(packet: Packet, bytes: Uint8Array): void {
  const at = packet.l3 + 8;
  replaceU16(bytes, at, getU16(bytes, at) - 0x100, packet.l3 + IP_CHECKSUM);
}
