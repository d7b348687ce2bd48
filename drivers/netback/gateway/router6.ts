/** Neighbour discovery of ours (RFC 4861): answers on both sides, advertisements on the inside. */

import { getU32, putU16, putU32 } from '../../../shared/core/big-endian.ts';
import { fold, pseudoSum, sumOf } from '../../../shared/net/checksum.ts';
import {
  findNdpOption,
  isSoundNdp,
  NDP_DNS,
  NDP_MTU,
  NDP_PREFIX,
  NDP_SOURCE_MAC,
  NDP_TARGET,
  NDP_TARGET_MAC,
} from '../../../shared/net/ndp.ts';
import {
  IPV6_HEADER_BYTES,
  NDP_NEIGHBOUR_ADVERT,
  NDP_NEIGHBOUR_SOLICIT,
  NDP_ROUTER_ADVERT,
  NDP_ROUTER_SOLICIT,
  PROTOCOL_ICMP6,
} from '../../../shared/net/numbers.ts';
import { VIRTIO_HEADER_BYTES } from '../../../shared/net/offload.ts';
import { NONE, type Packet } from '../../../shared/net/packet.ts';
import { isGroup, isNoHost6, isSame, putGroupMac } from './address6.ts';
import type { Ip6Config } from './config.ts';
import { GATE_ANSWERED, GATE_MARTIAN, GATE_NOT_OURS } from './counters.ts';
import { countGate, type Gate, INNER_SIDE } from './gate.ts';
import { ADVERT_S, PREFIX_PREFERRED_S, PREFIX_VALID_S, ROUTER_S } from './limits.ts';
import { giveTo, hear, macOf } from './neighbours.ts';
import { copyMac, L3_AT, newIcmp6, sealIcmp6 } from './write-frame.ts';

/** ff02::1. */
export const ALL_NODES = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** A message of neighbour discovery from a side; it may be damaged. */
export function takeNdp(
  gate: Gate,
  side: number,
  port: number,
  packet: Packet,
  bytes: Uint8Array,
): void {
  const { ip6 } = gate.config;
  if (ip6 === undefined) return;
  if (!isSoundNdp(packet, bytes) || !isSummed(packet, bytes)) {
    countGate(gate, GATE_MARTIAN);
    return;
  }
  const { icmpType, l4, l3 } = packet;
  if (icmpType === NDP_NEIGHBOUR_SOLICIT) takeSolicit(gate, ip6, side, port, packet, bytes);
  else if (icmpType === NDP_NEIGHBOUR_ADVERT) {
    const option = findNdpOption(packet, bytes, NDP_TARGET_MAC);
    if (option !== NONE && !isOurs(gate, ip6, side, bytes, l4 + NDP_TARGET)) {
      hear6(gate, side, bytes, l4 + NDP_TARGET, option + 2, port, false);
    }
  } else if (icmpType === NDP_ROUTER_SOLICIT && side === INNER_SIDE) {
    const isNobody = isNoHost6(bytes, l3 + 8);
    countGate(gate, GATE_ANSWERED);
    if (isNobody) advertise(gate, ip6);
    else sendAdvert(gate, ip6, bytes, l3 + 8, bytes, packet.at + 6);
  }
}

/** Whether its checksum is right, which neighbours' whole packets have. */
function isSummed({ l3, l4, l3End }: Packet, bytes: Uint8Array): boolean {
  const pseudo = pseudoSum(bytes, l3 + 8, 16, PROTOCOL_ICMP6, l3End - l4);
  return fold(sumOf(bytes, l4, l3End, pseudo)) === 0xffff;
}

/** Whether we answer for an address on a side. */
function isOurs(gate: Gate, ip6: Ip6Config, side: number, bytes: Uint8Array, at: number): boolean {
  if (side === INNER_SIDE) {
    return isSame(bytes, at, ip6.address, 0, 16) || isSame(bytes, at, gate.linkLocal, 0, 16);
  }
  if (isSame(bytes, at, ip6.outside, 0, 16)) return true;
  return ip6.isProxy === true && isSame(bytes, at, ip6.prefix, 0, 8);
}

function hear6(
  gate: Gate,
  side: number,
  bytes: Uint8Array,
  address: number,
  mac: number,
  port: number,
  isWanted: boolean,
): void {
  if (isGroup(bytes, address) || isNoHost6(bytes, address)) return;
  if (((bytes[mac] as number) & 1) !== 0) return;
  for (let i = 0; i < 4; i++) gate.hop[i] = getU32(bytes, address + 4 * i);
  hear(gate, side, 6, gate.hop, bytes, mac, port, isWanted);
}

function takeSolicit(
  gate: Gate,
  ip6: Ip6Config,
  side: number,
  port: number,
  packet: Packet,
  bytes: Uint8Array,
): void {
  const { l3, l4 } = packet;
  const target = l4 + NDP_TARGET;
  if (!isOurs(gate, ip6, side, bytes, target)) {
    countGate(gate, GATE_NOT_OURS);
    return;
  }
  const source = l3 + 8;
  const option = findNdpOption(packet, bytes, NDP_SOURCE_MAC);
  const isProbe = isNoHost6(bytes, source);
  if (!isProbe && isOurs(gate, ip6, side, bytes, source)) {
    countGate(gate, GATE_MARTIAN);
    return;
  }
  if (!isProbe && option !== NONE) hear6(gate, side, bytes, source, option + 2, port, true);
  countGate(gate, GATE_ANSWERED);
  sendNeighbourAdvert(gate, side, packet, bytes, target, isProbe);
}

const ADVERT_BYTES = 32;
/** A router; asked for; goes before what was known. */
const ROUTER = 0x80;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;

function sendNeighbourAdvert(
  gate: Gate,
  side: number,
  packet: Packet,
  from: Uint8Array,
  target: number,
  isProbe: boolean,
): void {
  const at = newIcmp6(gate, ADVERT_BYTES);
  if (at < 0) return;
  const { region } = gate.arena;
  const { bytes } = region;
  const l3 = at + L3_AT;
  const l4 = l3 + IPV6_HEADER_BYTES;
  for (let i = 0; i < 16; i++) {
    const byte = from[target + i] as number;
    bytes[l3 + 8 + i] = byte;
    bytes[l4 + NDP_TARGET + i] = byte;
    bytes[l3 + 24 + i] = (isProbe ? ALL_NODES[i] : from[packet.l3 + 8 + i]) as number;
  }
  bytes[l4] = NDP_NEIGHBOUR_ADVERT;
  bytes[l4 + 4] = ROUTER | OVERRIDE | (isProbe ? 0 : SOLICITED);
  bytes[l4 + 24] = NDP_TARGET_MAC;
  bytes[l4 + 25] = 1;
  copyMac(macOf(gate, side), 0, bytes, l4 + 26);
  sealIcmp6(bytes, l3, l4, l4 + ADVERT_BYTES);
  const length = L3_AT + IPV6_HEADER_BYTES + ADVERT_BYTES;
  if (!isProbe) {
    giveTo(gate, side, from, packet.at + 6, region, at, length);
    return;
  }
  putGroupMac(bytes, at + VIRTIO_HEADER_BYTES, bytes, l3 + 24);
  giveTo(gate, side, bytes, at + VIRTIO_HEADER_BYTES, region, at, length);
}

/** Tells all of the inside of the router and its network. */
export function advertise(gate: Gate, ip6: Ip6Config): void {
  gate.nextAdvertS = gate.nowS + ADVERT_S;
  sendAdvert(gate, ip6, ALL_NODES, 0, undefined, 0);
}

/** `mac` undefined: that of the group. */
function sendAdvert(
  gate: Gate,
  ip6: Ip6Config,
  to: Uint8Array,
  toAt: number,
  mac: Uint8Array | undefined,
  macAt: number,
): void {
  const size = 16 + 8 + 8 + 32 + (ip6.dns === undefined ? 0 : 24);
  const at = newIcmp6(gate, size);
  if (at < 0) return;
  const { region } = gate.arena;
  const { bytes } = region;
  const l3 = at + L3_AT;
  const l4 = l3 + IPV6_HEADER_BYTES;
  // From an address of the link, else nobody believes it (RFC 4861 6.1.2).
  bytes.set(gate.linkLocal, l3 + 8);
  for (let i = 0; i < 16; i++) bytes[l3 + 24 + i] = to[toAt + i] as number;
  bytes[l4] = NDP_ROUTER_ADVERT;
  bytes[l4 + 4] = 64;
  putU16(bytes, l4 + 6, ROUTER_S);
  putAdvertOptions(gate, ip6, bytes, l4 + 16);
  sealIcmp6(bytes, l3, l4, l4 + size);
  const place = at + VIRTIO_HEADER_BYTES;
  if (mac === undefined) putGroupMac(bytes, place, bytes, l3 + 24);
  const length = L3_AT + IPV6_HEADER_BYTES + size;
  giveTo(gate, INNER_SIDE, mac ?? bytes, mac === undefined ? place : macAt, region, at, length);
}

function putAdvertOptions(gate: Gate, ip6: Ip6Config, bytes: Uint8Array, from: number): void {
  let at = from;
  bytes[at] = NDP_SOURCE_MAC;
  bytes[at + 1] = 1;
  copyMac(macOf(gate, INNER_SIDE), 0, bytes, at + 2);
  at += 8;
  bytes[at] = NDP_MTU;
  bytes[at + 1] = 1;
  putU32(bytes, at + 4, gate.config.inside.mtu);
  at += 8;
  bytes[at] = NDP_PREFIX;
  bytes[at + 1] = 4;
  bytes[at + 2] = 64;
  // On this link, and to be made addresses of.
  bytes[at + 3] = 0xc0;
  putU32(bytes, at + 4, PREFIX_VALID_S);
  putU32(bytes, at + 8, PREFIX_PREFERRED_S);
  for (let i = 0; i < 8; i++) bytes[at + 16 + i] = ip6.prefix[i] as number;
  at += 32;
  if (ip6.dns === undefined) return;
  bytes[at] = NDP_DNS;
  bytes[at + 1] = 3;
  putU32(bytes, at + 4, ROUTER_S);
  bytes.set(ip6.dns, at + 8);
}
