/** ICMP errors of ours: limited in their number, and never about an error or to more than one. */

import { getU32, putU16, putU32 } from '../../../shared/core/big-endian.ts';
import { copyBytes } from '../../../shared/core/bytes.ts';
import { fill, spend, waitMs } from '../../../shared/core/rate.ts';
import {
  ICMP_ECHO,
  ICMP_ECHO_REPLY,
  ICMP_HEADER_BYTES,
  ICMP6_ECHO,
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  PROTOCOL_ICMP,
  PROTOCOL_ICMP6,
} from '../../../shared/net/numbers.ts';
import { NONE, type Packet } from '../../../shared/net/packet.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { Gate } from './gate.ts';
import { QUOTED4_MAX, QUOTED6_MAX } from './limits.ts';
import { giveTo, ip4Of, ip6Of } from './neighbours.ts';
import { L3_AT, newIcmp6, newIpv4, sealIcmp4, sealIcmp6 } from './write-frame.ts';

function may(gate: Gate): boolean {
  fill(gate.errors, gate.nowMs);
  if (waitMs(gate.errors, 0) > 0) return false;
  spend(gate.errors, 0);
  return true;
}

/** Whether it is an error itself, or no first piece (RFC 1812 4.3.2.7). */
function isNoCause4(packet: Packet): boolean {
  if (packet.fragmentAt !== 0) return true;
  const { protocol, icmpType } = packet;
  return protocol === PROTOCOL_ICMP && icmpType !== ICMP_ECHO && icmpType !== ICMP_ECHO_REPLY;
}

/**
 * Tells the sender of a frame that came from a side why its packet goes no further. The packet is
 * as it came. It goes back to the station that it came from.
 */
export function sendError4(
  gate: Gate,
  side: number,
  packet: Packet,
  { bytes: from }: Region,
  type: number,
  code: number,
  word: number,
): void {
  if (isNoCause4(packet) || !may(gate)) return;
  const { l3, l3End, at: frame } = packet;
  const size = Math.min(QUOTED4_MAX, l3End - l3);
  const source = getU32(from, l3 + 12);
  const all = ICMP_HEADER_BYTES + size;
  const at = newIpv4(gate, ip4Of(gate, side), source, PROTOCOL_ICMP, all);
  if (at < 0) return;
  const { region } = gate.arena;
  const { bytes } = region;
  const l4 = at + L3_AT + IPV4_HEADER_BYTES;
  bytes[l4] = type;
  bytes[l4 + 1] = code;
  putU32(bytes, l4 + 4, word);
  copyBytes(from, l3, bytes, l4 + ICMP_HEADER_BYTES, size);
  sealIcmp4(bytes, l4, l4 + all);
  giveTo(gate, side, from, frame + 6, region, at, L3_AT + IPV4_HEADER_BYTES + all);
}

/** The same for IPv6, whose configuration is there (RFC 4443 2.4). */
export function sendError6(
  gate: Gate,
  side: number,
  packet: Packet,
  { bytes: from }: Region,
  type: number,
  code: number,
  word: number,
): void {
  const { l3, l3End, at: frame, protocol, icmpType } = packet;
  const isError = protocol === PROTOCOL_ICMP6 && icmpType !== NONE && icmpType < ICMP6_ECHO;
  if (isError || packet.fragmentAt !== 0 || !may(gate)) return;
  const size = Math.min(QUOTED6_MAX, l3End - l3);
  const all = ICMP_HEADER_BYTES + size;
  const at = newIcmp6(gate, all);
  if (at < 0) return;
  const { region } = gate.arena;
  const { bytes } = region;
  const own = at + L3_AT;
  bytes[own + 7] = 64;
  bytes.set(ip6Of(gate, side), own + 8);
  for (let i = 0; i < 16; i++) bytes[own + 24 + i] = from[l3 + 8 + i] as number;
  const l4 = own + IPV6_HEADER_BYTES;
  bytes[l4] = type;
  bytes[l4 + 1] = code;
  putU32(bytes, l4 + 4, word);
  copyBytes(from, l3, bytes, l4 + ICMP_HEADER_BYTES, size);
  sealIcmp6(bytes, own, l4, l4 + all);
  putU16(bytes, own + 4, all);
  giveTo(gate, side, from, frame + 6, region, at, L3_AT + IPV6_HEADER_BYTES + all);
}
