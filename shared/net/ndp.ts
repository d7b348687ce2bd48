/** Neighbour discovery (RFC 4861): messages of ICMPv6 types 133 to 137, and their options. */

import {
  IPV6_HEADER_BYTES,
  NDP_NEIGHBOUR_ADVERT,
  NDP_NEIGHBOUR_SOLICIT,
  NDP_REDIRECT,
  NDP_ROUTER_ADVERT,
  NDP_ROUTER_SOLICIT,
  PROTOCOL_ICMP6,
} from './numbers.ts';
import { NONE, type Packet } from './packet.ts';

export const NDP_SOURCE_MAC = 1;
export const NDP_TARGET_MAC = 2;
export const NDP_PREFIX = 3;
export const NDP_MTU = 5;
/** RFC 8106. */
export const NDP_DNS = 25;

/** From the message's first byte: the target of solicitations, advertisements and redirects. */
export const NDP_TARGET = 8;

export const isNdp = ({ protocol, icmpType }: Packet): boolean =>
  protocol === PROTOCOL_ICMP6 && icmpType >= NDP_ROUTER_SOLICIT && icmpType <= NDP_REDIRECT;

/** Bytes of a message in front of its options. */
function fixedBytes(type: number): number {
  if (type === NDP_ROUTER_SOLICIT) return 8;
  if (type === NDP_ROUTER_ADVERT) return 16;
  return type === NDP_REDIRECT ? 40 : 24;
}

/**
 * Whether a packet for which `isNdp` holds may be looked at: whole (RFC 6980), from this link (hop
 * limit 255), with all of its message, and options none of which is empty or cut off (RFC 4861 7).
 */
export function isSoundNdp(packet: Packet, bytes: Uint8Array): boolean {
  const { l4, payloadEnd, icmpType } = packet;
  const options = l4 + fixedBytes(icmpType);
  if (packet.isFragment !== 0 || packet.ttl !== 255 || packet.icmpCode !== 0) return false;
  if (options > payloadEnd) return false;
  let at = options;
  while (at < payloadEnd) {
    const length = at + 1 < payloadEnd ? (bytes[at + 1] as number) * 8 : 0;
    if (length === 0 || at + length > payloadEnd) return false;
    at += length;
  }
  const isAboutOne = icmpType === NDP_NEIGHBOUR_SOLICIT || icmpType === NDP_NEIGHBOUR_ADVERT;
  // Nobody asks for a group, and no group answers.
  return !isAboutOne || bytes[l4 + NDP_TARGET] !== 0xff;
}

/** Where the first option of this type begins, in a sound message; NONE if there is none. */
export function findNdpOption(packet: Packet, bytes: Uint8Array, type: number): number {
  const { l4, payloadEnd, icmpType } = packet;
  let at = l4 + fixedBytes(icmpType);
  while (at < payloadEnd) {
    if (bytes[at] === type) return at;
    at += (bytes[at + 1] as number) * 8;
  }
  return NONE;
}

/** Whether it goes to all or to the group of one address's last bytes: not to one station. */
export function isGroup6(bytes: Uint8Array, address: number): boolean {
  return bytes[address] === 0xff;
}

/** Where the packet's two addresses begin. */
export const source6At = ({ l3 }: Packet): number => l3 + 8;
export const target6At = ({ l3 }: Packet): number => l3 + IPV6_HEADER_BYTES - 16;
