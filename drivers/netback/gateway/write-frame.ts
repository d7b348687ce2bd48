/** Frames of our own, written layer by layer into the arena. */

import { putU16, putU32 } from '../../../shared/core/big-endian.ts';
import { checksumOf, fold, pseudoSum, sumOf } from '../../../shared/net/checksum.ts';
import {
  ETHER_HEADER_BYTES,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ICMP_CHECKSUM,
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  PROTOCOL_ICMP6,
  PROTOCOL_UDP,
  UDP_CHECKSUM,
} from '../../../shared/net/numbers.ts';
import { clearHeader, VIRTIO_HEADER_BYTES } from '../../../shared/net/offload.ts';
import { takeRoom } from '../switch/arena.ts';
import { GATE_NO_ROOM } from './counters.ts';
import { countGate, type Gate } from './gate.ts';

/** From the place of a frame's header to what is behind Ethernet. */
export const L3_AT = VIRTIO_HEADER_BYTES + ETHER_HEADER_BYTES;

/** Room for a frame of so many bytes behind Ethernet, all zeros; -1: there is none. */
export function newFrame(gate: Gate, l3Bytes: number): number {
  const at = takeRoom(gate.arena, L3_AT + l3Bytes);
  if (at < 0) {
    countGate(gate, GATE_NO_ROOM);
    return -1;
  }
  const { bytes } = gate.arena.region;
  clearHeader(bytes, at);
  bytes.fill(0, at, at + L3_AT + l3Bytes);
  return at;
}

export function copyMac(from: Uint8Array, at: number, to: Uint8Array, place: number): void {
  for (let i = 0; i < 6; i++) to[place + i] = from[at + i] as number;
}

/** All of a header that is 20 bytes long, with its checksum. */
export function putIpv4(
  bytes: Uint8Array,
  l3: number,
  source: number,
  target: number,
  protocol: number,
  payloadBytes: number,
  id: number,
): void {
  bytes[l3] = 0x45;
  putU16(bytes, l3 + 2, IPV4_HEADER_BYTES + payloadBytes);
  putU16(bytes, l3 + 4, id);
  bytes[l3 + 8] = 64;
  bytes[l3 + 9] = protocol;
  putU32(bytes, l3 + 12, source);
  putU32(bytes, l3 + 16, target);
  putU16(bytes, l3 + 10, checksumOf(bytes, l3, l3 + IPV4_HEADER_BYTES));
}

/** All but the addresses. */
export function putIpv6(
  bytes: Uint8Array,
  l3: number,
  protocol: number,
  payloadBytes: number,
  hops: number,
): void {
  bytes[l3] = 0x60;
  putU16(bytes, l3 + 4, payloadBytes);
  bytes[l3 + 6] = protocol;
  bytes[l3 + 7] = hops;
}

/** The EtherType of a frame of ours; addresses are put when it is sent. */
export function putType(bytes: Uint8Array, at: number, type: number): void {
  putU16(bytes, at + L3_AT - 2, type);
}

export function sealIcmp4(bytes: Uint8Array, l4: number, end: number): void {
  putU16(bytes, l4 + ICMP_CHECKSUM, 0);
  putU16(bytes, l4 + ICMP_CHECKSUM, checksumOf(bytes, l4, end));
}

/** With the addresses of the IPv6 header at `l3`. */
export function sealIcmp6(bytes: Uint8Array, l3: number, l4: number, end: number): void {
  putU16(bytes, l4 + ICMP_CHECKSUM, 0);
  const pseudo = pseudoSum(bytes, l3 + 8, 16, PROTOCOL_ICMP6, end - l4);
  putU16(bytes, l4 + ICMP_CHECKSUM, ~fold(sumOf(bytes, l4, end, pseudo)) & 0xffff);
}

/** Ports, length and checksum of a UDP datagram whose IPv4 header is written. */
export function sealUdp4(
  bytes: Uint8Array,
  l3: number,
  end: number,
  sourcePort: number,
  targetPort: number,
): void {
  const l4 = l3 + IPV4_HEADER_BYTES;
  putU16(bytes, l4, sourcePort);
  putU16(bytes, l4 + 2, targetPort);
  putU16(bytes, l4 + 4, end - l4);
  putU16(bytes, l4 + UDP_CHECKSUM, 0);
  const pseudo = pseudoSum(bytes, l3 + 12, 4, PROTOCOL_UDP, end - l4);
  const sum = ~fold(sumOf(bytes, l4, end, pseudo)) & 0xffff;
  putU16(bytes, l4 + UDP_CHECKSUM, sum || 0xffff);
}

/** A frame of ours of IPv4 or IPv6 begins: bytes behind its IP header as said. */
export function newIpv4(
  gate: Gate,
  source: number,
  target: number,
  protocol: number,
  payloadBytes: number,
): number {
  const at = newFrame(gate, IPV4_HEADER_BYTES + payloadBytes);
  if (at < 0) return -1;
  const { bytes } = gate.arena.region;
  putType(bytes, at, ETHERTYPE_IPV4);
  gate.nextId = (gate.nextId + 1) & 0xffff;
  putIpv4(bytes, at + L3_AT, source, target, protocol, payloadBytes, gate.nextId);
  return at;
}

export function newIcmp6(gate: Gate, payloadBytes: number): number {
  const at = newFrame(gate, IPV6_HEADER_BYTES + payloadBytes);
  if (at < 0) return -1;
  const { bytes } = gate.arena.region;
  putType(bytes, at, ETHERTYPE_IPV6);
  // Neighbour discovery is of this link alone.
  putIpv6(bytes, at + L3_AT, PROTOCOL_ICMP6, payloadBytes, 255);
  return at;
}
