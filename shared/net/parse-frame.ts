/**
 * A frame, with or without the virtio_net_hdr in front of it, into a Packet. Total: any bytes have
 * an answer, nothing is thrown, and nothing is read outside them. The caller's copy, not a guest's
 * memory: what was looked at must stay as it was.
 */

import { getU16 } from '../core/big-endian.ts';
import {
  FAULT_ARP,
  FAULT_CHECKSUM_OFFLOAD,
  FAULT_GSO,
  FAULT_LENGTH,
  FAULT_LONG,
  FAULT_NONE,
  FAULT_SHORT,
  FAULT_SOURCE,
  FAULT_TAGS,
} from './faults.ts';
import { FRAME_BYTES_MAX, TAGS_MAX } from './limits.ts';
import {
  ARP_BYTES,
  ETHER_HEADER_BYTES,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_MIN,
  ETHERTYPE_VLAN,
  ETHERTYPE_VLAN_OUTER,
  PROTOCOL_TCP,
  TCP_CHECKSUM,
} from './numbers.ts';
import {
  csumOffsetOf,
  csumStartOf,
  flagsOf,
  GSO_ECN,
  GSO_NONE,
  GSO_TCP4,
  GSO_TCP6,
  gsoSizeOf,
  gsoTypeOf,
  NEEDS_CSUM,
  VIRTIO_HEADER_BYTES,
} from './offload.ts';
import {
  clearPacket,
  KIND_ARP,
  KIND_IPV4,
  KIND_IPV6,
  KIND_OTHER,
  NONE,
  type Packet,
} from './packet.ts';
import { parseIpv4, parseIpv6 } from './parse-ip.ts';

/** A frame of `length` bytes at `at` without a header; its fault, which is in the packet, too. */
export function parseEthernet(
  packet: Packet,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  clearPacket(packet, at, at + length);
  packet.fault = parseLink(packet, bytes);
  return packet.fault;
}

/** A header and a frame of `length` bytes together at `at`. */
export function parseFrame(packet: Packet, bytes: Uint8Array, at: number, length: number): number {
  const frame = at + VIRTIO_HEADER_BYTES;
  if (length < VIRTIO_HEADER_BYTES || at + length > bytes.length) {
    clearPacket(packet, at, at);
    packet.fault = FAULT_SHORT;
    return FAULT_SHORT;
  }
  clearPacket(packet, frame, at + length);
  packet.fault = parseLink(packet, bytes);
  if (packet.fault === FAULT_NONE) packet.fault = parseHeader(packet, bytes, at);
  return packet.fault;
}

function isZeroOrGroup(bytes: Uint8Array, mac: number): boolean {
  if (((bytes[mac] as number) & 1) !== 0) return true;
  for (let i = 0; i < 6; i++) if (bytes[mac + i] !== 0) return false;
  return true;
}

function parseLink(packet: Packet, bytes: Uint8Array): number {
  const { at, end } = packet;
  if (end - at < ETHER_HEADER_BYTES || end > bytes.length) return FAULT_SHORT;
  if (end - at > FRAME_BYTES_MAX) return FAULT_LONG;
  if (isZeroOrGroup(bytes, at + 6)) return FAULT_SOURCE;
  let l3 = at + ETHER_HEADER_BYTES;
  let type = getU16(bytes, l3 - 2);
  while (type === ETHERTYPE_VLAN || type === ETHERTYPE_VLAN_OUTER) {
    if (packet.tags === TAGS_MAX) return FAULT_TAGS;
    if (l3 + 4 > end) return FAULT_SHORT;
    if (packet.tags++ === 0) packet.vlan = getU16(bytes, l3) & 0xfff;
    type = getU16(bytes, l3 + 2);
    l3 += 4;
  }
  packet.l3 = l3;
  packet.l3End = end;
  if (type < ETHERTYPE_MIN) {
    if (l3 + type > end) return FAULT_LENGTH;
    packet.l3End = l3 + type;
    return FAULT_NONE;
  }
  packet.etherType = type;
  if (type === ETHERTYPE_IPV4) return parseIpv4(packet, bytes, false);
  if (type === ETHERTYPE_IPV6) return parseIpv6(packet, bytes, false);
  return type === ETHERTYPE_ARP ? parseArp(packet, bytes) : FAULT_NONE;
}

function parseArp(packet: Packet, bytes: Uint8Array): number {
  const { l3, end } = packet;
  if (l3 + ARP_BYTES > end) return FAULT_ARP;
  const isEthernet = getU16(bytes, l3) === 1 && bytes[l3 + 4] === 6;
  const isIpv4 = getU16(bytes, l3 + 2) === ETHERTYPE_IPV4 && bytes[l3 + 5] === 4;
  if (!isEthernet || !isIpv4) return FAULT_ARP;
  packet.kind = KIND_ARP;
  packet.l3End = l3 + ARP_BYTES;
  packet.arpOperation = getU16(bytes, l3 + 6);
  return FAULT_NONE;
}

/** What the header asks for must be of the packet behind it. */
function parseHeader(packet: Packet, bytes: Uint8Array, header: number): number {
  if ((flagsOf(bytes, header) & NEEDS_CSUM) !== 0) {
    const start = packet.at + csumStartOf(bytes, header);
    const at = start + csumOffsetOf(bytes, header);
    // Addresses and the headers that a bridge looks at are nobody's checksum.
    if (start < packet.l3 || at + 2 > packet.end) return FAULT_CHECKSUM_OFFLOAD;
    if (packet.kind === KIND_ARP) return FAULT_CHECKSUM_OFFLOAD;
    if (packet.kind !== KIND_OTHER && start < packet.l4) return FAULT_CHECKSUM_OFFLOAD;
    if (packet.isFragment !== 0) return FAULT_CHECKSUM_OFFLOAD;
    packet.csumStart = start;
    packet.csumAt = at;
  }
  const type = gsoTypeOf(bytes, header);
  if (type === GSO_NONE) return FAULT_NONE;
  packet.gsoType = type & ~GSO_ECN;
  packet.gsoSize = gsoSizeOf(bytes, header);
  return isSegmentable(packet) ? FAULT_NONE : FAULT_GSO;
}

function isSegmentable(packet: Packet): boolean {
  const { gsoType, kind } = packet;
  if (!(gsoType === GSO_TCP4 ? kind === KIND_IPV4 : gsoType === GSO_TCP6 && kind === KIND_IPV6)) {
    return false;
  }
  if (packet.protocol !== PROTOCOL_TCP || packet.l4 === NONE || packet.isFragment !== 0) {
    return false;
  }
  // Each segment gets a checksum of its own, from the sum that the first one's field holds.
  const isBlank = packet.csumStart === packet.l4 && packet.csumAt === packet.l4 + TCP_CHECKSUM;
  return isBlank && packet.gsoSize > 0 && packet.payload < packet.payloadEnd;
}
