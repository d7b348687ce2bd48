/** TCP, UDP and ICMP of a packet's first or only piece. */

import { getU16 } from '../core/big-endian.ts';
import { FAULT_FRAGMENT, FAULT_ICMP, FAULT_NONE, FAULT_TCP, FAULT_UDP } from './faults.ts';
import {
  ICMP_ECHO,
  ICMP_ECHO_REPLY,
  ICMP_HEADER_BYTES,
  ICMP6_ECHO,
  ICMP6_ECHO_REPLY,
  PROTOCOL_ICMP,
  PROTOCOL_ICMP6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_HEADER_BYTES,
  UDP_HEADER_BYTES,
} from './numbers.ts';
import { KIND_IPV4, KIND_IPV6, type Packet } from './packet.ts';

/** What an ICMP error quotes is eight bytes at least (RFC 792), and its lengths say nothing. */
export function parseTransport(
  packet: Packet,
  bytes: Uint8Array,
  at: number,
  isQuoted: boolean,
): number {
  if (packet.fragmentAt !== 0) return FAULT_NONE;
  packet.l4 = at;
  packet.payload = at;
  packet.payloadEnd = packet.l3End;
  switch (packet.protocol) {
    case PROTOCOL_TCP:
      return parseTcp(packet, bytes, isQuoted);
    case PROTOCOL_UDP:
      return parseUdp(packet, bytes, isQuoted);
    case PROTOCOL_ICMP:
      return packet.kind === KIND_IPV4 ? parseIcmp(packet, bytes) : FAULT_NONE;
    case PROTOCOL_ICMP6:
      return packet.kind === KIND_IPV6 ? parseIcmp(packet, bytes) : FAULT_NONE;
    default:
      return FAULT_NONE;
  }
}

/** A first piece that has not all of the header is an attempt to pass by rules (RFC 1858, 7112). */
const shortFault = (packet: Packet, fault: number): number =>
  packet.isFragment === 0 ? fault : FAULT_FRAGMENT;

function parseTcp(packet: Packet, bytes: Uint8Array, isQuoted: boolean): number {
  const { l4, l3End } = packet;
  const needed = isQuoted ? 8 : TCP_HEADER_BYTES;
  if (l4 + needed > l3End) return shortFault(packet, FAULT_TCP);
  packet.sourcePort = getU16(bytes, l4);
  packet.targetPort = getU16(bytes, l4 + 2);
  if (isQuoted && l4 + TCP_HEADER_BYTES > l3End) return FAULT_NONE;
  const headerBytes = ((bytes[l4 + 12] as number) >>> 4) * 4;
  packet.tcpFlags = bytes[l4 + 13] as number;
  if (headerBytes < TCP_HEADER_BYTES) return FAULT_TCP;
  if (l4 + headerBytes > l3End && !isQuoted) return shortFault(packet, FAULT_TCP);
  packet.payload = Math.min(l3End, l4 + headerBytes);
  return FAULT_NONE;
}

function parseUdp(packet: Packet, bytes: Uint8Array, isQuoted: boolean): number {
  const { l4, l3End } = packet;
  if (l4 + UDP_HEADER_BYTES > l3End) return shortFault(packet, FAULT_UDP);
  packet.sourcePort = getU16(bytes, l4);
  packet.targetPort = getU16(bytes, l4 + 2);
  packet.payload = l4 + UDP_HEADER_BYTES;
  const length = getU16(bytes, l4 + 4);
  if (isQuoted) return FAULT_NONE;
  if (length < UDP_HEADER_BYTES) return FAULT_UDP;
  if (l4 + length <= l3End) packet.payloadEnd = l4 + length;
  else if (packet.moreFragments === 0) return FAULT_UDP;
  return FAULT_NONE;
}

function parseIcmp(packet: Packet, bytes: Uint8Array): number {
  const { l4, l3End } = packet;
  if (l4 + ICMP_HEADER_BYTES > l3End) return shortFault(packet, FAULT_ICMP);
  const type = bytes[l4] as number;
  packet.icmpType = type;
  packet.icmpCode = bytes[l4 + 1] as number;
  packet.payload = l4 + ICMP_HEADER_BYTES;
  const isEcho =
    packet.kind === KIND_IPV4
      ? type === ICMP_ECHO || type === ICMP_ECHO_REPLY
      : type === ICMP6_ECHO || type === ICMP6_ECHO_REPLY;
  if (isEcho) {
    packet.sourcePort = getU16(bytes, l4 + 4);
    packet.targetPort = packet.sourcePort;
  }
  return FAULT_NONE;
}
