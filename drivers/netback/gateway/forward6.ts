/** IPv6 from one side to the other: connections, rules, one hop less. Nothing is translated. */

import { getU32 } from '../../../shared/core/big-endian.ts';
import { copyBytes } from '../../../shared/core/bytes.ts';
import { fold, pseudoSum, sumOf } from '../../../shared/net/checksum.ts';
import {
  ICMP6_ECHO,
  ICMP6_ECHO_REPLY,
  ICMP6_TIME_EXCEEDED,
  ICMP6_TOO_BIG,
  IPV6_HEADER_BYTES,
  PROTOCOL_ICMP6,
  PROTOCOL_TCP,
} from '../../../shared/net/numbers.ts';
import { NONE, type Packet } from '../../../shared/net/packet.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { DIRECTION_IN, DIRECTION_OUT, readFacts, STATE_RELATED } from '../rules/facts.ts';
import { isGroup, isLinkLocal, isNoHost6, isSame } from './address6.ts';
import { packetBytes } from './checks4.ts';
import type { Ip6Config } from './config.ts';
import {
  GATE_ANSWERED,
  GATE_FLOWS,
  GATE_FRAGMENT,
  GATE_IN,
  GATE_MARTIAN,
  GATE_NO_FLOW,
  GATE_NOT_OURS,
  GATE_OUT,
  GATE_RULE,
  GATE_TOO_LARGE,
  GATE_TTL,
  GATE_WAITS,
} from './counters.ts';
import { sendError6 } from './errors.ts';
import { isOpening } from './flow-state.ts';
import { beginFlow, noteFlow } from './flows.ts';
import { findPieces, notePieces } from './fragments.ts';
import { countGate, type Gate, INNER_SIDE, OUTER_SIDE } from './gate.ts';
import { guestPort, pieceKey } from './guest.ts';
import { giveTo, sendTo } from './neighbours.ts';
import { findRelated6 } from './related6.ts';
import { liveFlow, mayPass, putKey, putState } from './track.ts';
import { SOURCE, TARGET } from './translate.ts';
import { L3_AT, newIcmp6, sealIcmp6 } from './write-frame.ts';

const isRoutable = (bytes: Uint8Array, at: number): boolean =>
  !isGroup(bytes, at) && !isLinkLocal(bytes, at) && !isNoHost6(bytes, at);

/** A packet to us from a side, which is no neighbour discovery: from `port` of the inside. */
export function take6(
  gate: Gate,
  side: number,
  port: number,
  packet: Packet,
  region: Region,
  at: number,
  bytes: number,
): void {
  const { ip6 } = gate.config;
  const data = region.bytes;
  const source = packet.l3 + 8;
  const target = packet.l3 + 24;
  if (ip6 === undefined || isGroup(data, target)) return;
  const ours = side === INNER_SIDE ? ip6.address : ip6.outside;
  if (isSame(data, target, ours, 0, 16)) {
    if (side === INNER_SIDE && isSame(data, source, ip6.prefix, 0, 8)) echo6(gate, packet, data);
    else countGate(gate, GATE_NOT_OURS);
    return;
  }
  const isInner = isSame(data, source, ip6.prefix, 0, 8);
  const isForInner = isSame(data, target, ip6.prefix, 0, 8);
  const isRight = side === INNER_SIDE ? isInner && !isForInner : !isInner && isForInner;
  const isHosts = isRoutable(data, source) && isRoutable(data, target);
  if (!isRight || !isHosts || packet.isSourceRouted !== 0 || isSame(data, source, ours, 0, 16)) {
    countGate(gate, GATE_MARTIAN);
    return;
  }
  forward6(gate, ip6, side, port, packet, region, at, bytes);
}

function isPassable6(gate: Gate, side: number, packet: Packet, region: Region): boolean {
  if (packet.ttl <= 1) {
    countGate(gate, GATE_TTL);
    sendError6(gate, side, packet, region, ICMP6_TIME_EXCEEDED, 0, 0);
    return false;
  }
  const { config } = gate;
  const mtu = side === INNER_SIDE ? config.outside.mtu : config.inside.mtu;
  if (packetBytes(packet) <= mtu) return true;
  countGate(gate, GATE_TOO_LARGE);
  sendError6(gate, side, packet, region, ICMP6_TOO_BIG, 0, mtu);
  return false;
}

function forward6(
  gate: Gate,
  ip6: Ip6Config,
  side: number,
  port: number,
  packet: Packet,
  region: Region,
  at: number,
  bytes: number,
): void {
  const { facts, config } = gate;
  const data = region.bytes;
  readFacts(facts, packet, data);
  const isOut = side === INNER_SIDE;
  facts.direction = isOut ? DIRECTION_OUT : DIRECTION_IN;
  facts.from = isOut ? port : config.outside.port;
  facts.to = isOut ? config.outside.port : guestPort(gate, facts.target);
  if (!isPassable6(gate, side, packet, region)) return;
  const reason = decide6(gate, isOut, packet, data, bytes);
  const passed = isOut ? GATE_OUT : GATE_IN;
  if (reason !== passed) {
    countGate(gate, reason);
    return;
  }
  data[packet.l3 + 7] = packet.ttl - 1;
  if (!isOut && gate.sleepers?.holds(6, facts.target, facts.source, region, at, bytes, true)) {
    countGate(gate, GATE_WAITS);
    return;
  }
  countGate(gate, passed);
  if (!isOut) {
    sendTo(gate, INNER_SIDE, 6, facts.target, region, at, bytes);
    return;
  }
  const isNear6 = isSame(data, packet.l3 + 24, ip6.outside, 0, 8);
  const next = isNear6 ? data : ip6.router;
  const nextAt = isNear6 ? packet.l3 + 24 : 0;
  for (let i = 0; i < 4; i++) gate.hop[i] = getU32(next, nextAt + 4 * i);
  sendTo(gate, OUTER_SIDE, 6, gate.hop, region, at, bytes);
}

/** GATE_OUT or GATE_IN, or why the packet goes no further. */
function decide6(
  gate: Gate,
  isOut: boolean,
  packet: Packet,
  data: Uint8Array,
  bytes: number,
): number {
  const { flows, facts, key, fragments, nowS } = gate;
  const passed = isOut ? GATE_OUT : GATE_IN;
  const side = isOut ? INNER_SIDE : OUTER_SIDE;
  if (packet.fragmentAt !== 0) {
    return findPieces(fragments, pieceKey(gate, side, packet), nowS) < 0 ? GATE_FRAGMENT : passed;
  }
  const { icmpType } = packet;
  if (packet.protocol === PROTOCOL_ICMP6 && icmpType !== NONE && icmpType < ICMP6_ECHO) {
    // About what went the other way.
    if (findRelated6(gate, packet, data, isOut ? TARGET : SOURCE) < 0) return GATE_NO_FLOW;
    facts.state = STATE_RELATED;
    return mayPass(gate, bytes) ? passed : GATE_RULE;
  }
  putKey(key, facts, isOut);
  const flow = liveFlow(flows, key);
  putState(flows, flow, facts, isOut, packet.tcpFlags);
  if (!mayPass(gate, bytes)) return GATE_RULE;
  const port = isOut ? facts.from : facts.to;
  if (flow >= 0) noteFlow(flows, flow, isOut, packet.tcpFlags);
  else {
    if (facts.protocol === PROTOCOL_TCP && !isOpening(packet.tcpFlags)) return GATE_NO_FLOW;
    const begun = beginFlow(flows, key, gate.ids[port] as number, port, 0, !isOut);
    if (begun < 0) return GATE_FLOWS;
  }
  if (packet.isFragment === 0) return passed;
  const piece = pieceKey(gate, side, packet);
  return notePieces(fragments, piece, port, 0, 0, nowS) ? passed : GATE_FRAGMENT;
}

function echo6(gate: Gate, packet: Packet, from: Uint8Array): void {
  const { l3, l4, l3End, icmpType, isFragment } = packet;
  const size = l3End - l4;
  const isFit = size + IPV6_HEADER_BYTES <= gate.config.inside.mtu && isFragment === 0;
  if (packet.protocol !== PROTOCOL_ICMP6 || icmpType !== ICMP6_ECHO || !isFit) {
    countGate(gate, GATE_NOT_OURS);
    return;
  }
  const pseudo = pseudoSum(from, l3 + 8, 16, PROTOCOL_ICMP6, size);
  if (fold(sumOf(from, l4, l3End, pseudo)) !== 0xffff) return;
  const at = newIcmp6(gate, size);
  if (at < 0) return;
  const { region } = gate.arena;
  const { bytes } = region;
  const own = at + L3_AT;
  bytes[own + 7] = 64;
  for (let i = 0; i < 16; i++) {
    bytes[own + 8 + i] = from[l3 + 24 + i] as number;
    bytes[own + 24 + i] = from[l3 + 8 + i] as number;
  }
  const message = own + IPV6_HEADER_BYTES;
  copyBytes(from, l4, bytes, message, size);
  bytes[message] = ICMP6_ECHO_REPLY;
  sealIcmp6(bytes, own, message, message + size);
  countGate(gate, GATE_ANSWERED);
  const length = L3_AT + IPV6_HEADER_BYTES + size;
  giveTo(gate, INNER_SIDE, from, packet.at + 6, region, at, length);
}
