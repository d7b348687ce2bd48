/** IPv4 with options and fragments, IPv6 with extension headers, of a frame or quoted by ICMP. */

import { getU16, getU32 } from '../core/big-endian.ts';
import {
  FAULT_EXTENSIONS,
  FAULT_FRAGMENT,
  FAULT_IPV4,
  FAULT_IPV6,
  FAULT_NONE,
  FAULT_OPTIONS,
} from './faults.ts';
import { EXTENSION_HEADERS_MAX } from './limits.ts';
import {
  IPV4_DONT_FRAGMENT,
  IPV4_HEADER_BYTES,
  IPV4_MORE_FRAGMENTS,
  IPV6_HEADER_BYTES,
} from './numbers.ts';
import { clearPacket, KIND_IPV4, KIND_IPV6, type Packet } from './packet.ts';
import { parseTransport } from './parse-transport.ts';

/** What an ICMP error says of the packet that it is about: cut off wherever it is. */
export function parseQuoted(
  packet: Packet,
  bytes: Uint8Array,
  at: number,
  end: number,
  kind: number,
): number {
  clearPacket(packet, at, end);
  packet.l3 = at;
  packet.l3End = end;
  packet.fault =
    kind === KIND_IPV4 ? parseIpv4(packet, bytes, true) : parseIpv6(packet, bytes, true);
  return packet.fault;
}

/** From `l3` up to `end`. */
export function parseIpv4(packet: Packet, bytes: Uint8Array, isQuoted: boolean): number {
  const { l3, end } = packet;
  if (l3 + IPV4_HEADER_BYTES > end) return FAULT_IPV4;
  const first = bytes[l3] as number;
  const headerBytes = (first & 0xf) * 4;
  const total = getU16(bytes, l3 + 2);
  if (first >>> 4 !== 4 || headerBytes < IPV4_HEADER_BYTES) return FAULT_IPV4;
  if (total < headerBytes || l3 + headerBytes > end) return FAULT_IPV4;
  if (l3 + total > end && !isQuoted) return FAULT_IPV4;
  packet.kind = KIND_IPV4;
  packet.l3End = Math.min(end, l3 + total);
  packet.ttl = bytes[l3 + 8] as number;
  packet.protocol = bytes[l3 + 9] as number;
  packet.identification = getU16(bytes, l3 + 4);
  const fragment = getU16(bytes, l3 + 6);
  packet.dontFragment = (fragment & IPV4_DONT_FRAGMENT) === 0 ? 0 : 1;
  packet.moreFragments = (fragment & IPV4_MORE_FRAGMENTS) === 0 ? 0 : 1;
  packet.fragmentAt = (fragment & 0x1fff) * 8;
  packet.isFragment = packet.moreFragments | (packet.fragmentAt === 0 ? 0 : 1);
  if (packet.isFragment !== 0 && !isPossible(packet, total - headerBytes)) return FAULT_FRAGMENT;
  const fault = readOptions(packet, bytes, l3 + IPV4_HEADER_BYTES, l3 + headerBytes);
  if (fault !== FAULT_NONE) return fault;
  return parseTransport(packet, bytes, l3 + headerBytes, isQuoted);
}

/** Of so many bytes: not empty, in units of eight but for the last, none beyond 65535. */
function isPossible({ fragmentAt, moreFragments }: Packet, size: number): boolean {
  return size > 0 && (moreFragments === 0 || size % 8 === 0) && fragmentAt + size <= 65535;
}

const OPTION_END = 0;
const OPTION_NOTHING = 1;
const OPTION_LOOSE_ROUTE = 131;
const OPTION_STRICT_ROUTE = 137;

function readOptions(packet: Packet, bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; ) {
    const type = bytes[at];
    if (type === OPTION_END) break;
    if (type === OPTION_NOTHING) {
      at++;
      continue;
    }
    const length = at + 1 < end ? (bytes[at + 1] as number) : 0;
    if (length < 2 || at + length > end) return FAULT_OPTIONS;
    if (type === OPTION_LOOSE_ROUTE || type === OPTION_STRICT_ROUTE) packet.isSourceRouted = 1;
    at += length;
  }
  return FAULT_NONE;
}

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;

const isExtension = (protocol: number): boolean =>
  protocol === HOP_BY_HOP ||
  protocol === ROUTING ||
  protocol === FRAGMENT ||
  protocol === AUTHENTICATION ||
  protocol === DESTINATION ||
  protocol === MOBILITY ||
  protocol === HOST_IDENTITY ||
  protocol === SHIM6;

/** From `l3` up to `end`. */
export function parseIpv6(packet: Packet, bytes: Uint8Array, isQuoted: boolean): number {
  const { l3, end } = packet;
  if (l3 + IPV6_HEADER_BYTES > end || (bytes[l3] as number) >>> 4 !== 6) return FAULT_IPV6;
  const total = IPV6_HEADER_BYTES + getU16(bytes, l3 + 4);
  if (l3 + total > end && !isQuoted) return FAULT_IPV6;
  packet.kind = KIND_IPV6;
  packet.l3End = Math.min(end, l3 + total);
  packet.ttl = bytes[l3 + 7] as number;
  let next = bytes[l3 + 6] as number;
  let at = l3 + IPV6_HEADER_BYTES;
  for (let count = 0; isExtension(next) && packet.fragmentAt === 0; count++) {
    const isLate = next === HOP_BY_HOP && count > 0;
    if (count === EXTENSION_HEADERS_MAX || isLate || at + 8 > packet.l3End) {
      return FAULT_EXTENSIONS;
    }
    const length = bytes[at + 1] as number;
    let bytesOfIt = (length + 1) * 8;
    if (next === AUTHENTICATION) bytesOfIt = (length + 2) * 4;
    else if (next === FRAGMENT) {
      bytesOfIt = 8;
      if (packet.isFragment !== 0 || !readFragment(packet, bytes, at, l3 + total)) {
        return FAULT_FRAGMENT;
      }
    } else if (next === ROUTING && bytes[at + 2] === 0) packet.isSourceRouted = 1;
    next = bytes[at] as number;
    at += bytesOfIt;
    if (at > packet.l3End) return FAULT_EXTENSIONS;
  }
  packet.protocol = next;
  return parseTransport(packet, bytes, at, isQuoted);
}

/** One of offset 0 without more (RFC 6946) is a fragment, too, of one piece. */
function readFragment(packet: Packet, bytes: Uint8Array, at: number, end: number): boolean {
  const word = getU16(bytes, at + 2);
  packet.isFragment = 1;
  packet.fragmentAt = word & 0xfff8;
  packet.moreFragments = word & 1;
  packet.identification = getU32(bytes, at + 4);
  return isPossible(packet, end - at - 8);
}
