/** IPv4 from one side to the other: connections, rules, translation, one hop less. */

import {
  ICMP_FRAGMENTATION_NEEDED,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../../shared/net/numbers.ts';
import type { Packet } from '../../../shared/net/packet.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { DIRECTION_IN, DIRECTION_OUT, readFacts, STATE_RELATED } from '../rules/facts.ts';
import { packetBytes } from './checks4.ts';
import {
  GATE_FLOWS,
  GATE_FRAGMENT,
  GATE_IN,
  GATE_NO_FLOW,
  GATE_OUT,
  GATE_PROTOCOL,
  GATE_RULE,
  GATE_TOO_LARGE,
  GATE_TTL,
  GATE_WAITS,
} from './counters.ts';
import { cut, mayCut } from './cut4.ts';
import { sendError4 } from './errors.ts';
import { isOpening } from './flow-state.ts';
import { findWithout, innerOf, innerPortOf, isTranslated, outerPortOf } from './flow-table.ts';
import { beginFlow, isLive, noteFlow } from './flows.ts';
import { findPieces, notePieces, pieceAddress, pieceId } from './fragments.ts';
import { countGate, type Gate, INNER_SIDE, OUTER_SIDE } from './gate.ts';
import { guestPort, pieceKey } from './guest.ts';
import { sendTo, toOutside } from './neighbours.ts';
import { outerPortFor } from './outer-port.ts';
import {
  findRelatedIn,
  findRelatedWithin,
  isError4,
  translateErrorIn,
  translateErrorOut,
} from './related4.ts';
import { hasPorts, isEcho, liveFlow, mayPass, putKey, putState } from './track.ts';
import { lowerTtl, putAddress, putIdentification, putPort, SOURCE, TARGET } from './translate.ts';

const mtuBehind = ({ config }: Gate, side: number): number =>
  side === INNER_SIDE ? config.outside.mtu : config.inside.mtu;

/** Whether it may go on at all; else its sender is told. As it came. */
function isPassable(gate: Gate, side: number, packet: Packet, region: Region): boolean {
  if (packet.ttl <= 1) {
    countGate(gate, GATE_TTL);
    sendError4(gate, side, packet, region, ICMP_TIME_EXCEEDED, 0, 0);
    return false;
  }
  const mtu = mtuBehind(gate, side);
  if (packetBytes(packet) <= mtu || mayCut(packet, region.bytes)) return true;
  countGate(gate, GATE_TOO_LARGE);
  const code = ICMP_FRAGMENTATION_NEEDED;
  sendError4(gate, side, packet, region, ICMP_UNREACHABLE, code, mtu);
  return false;
}

/** From a guest, through the port `from`; its addresses were looked at. */
export function forwardOut4(
  gate: Gate,
  from: number,
  packet: Packet,
  region: Region,
  at: number,
  bytes: number,
): void {
  const { facts } = gate;
  readFacts(facts, packet, region.bytes);
  facts.direction = DIRECTION_OUT;
  facts.from = from;
  facts.to = gate.config.outside.port;
  if (!isPassable(gate, INNER_SIDE, packet, region)) return;
  const reason = translateOut(gate, from, packet, region.bytes, bytes);
  if (reason !== GATE_OUT) {
    countGate(gate, reason);
    return;
  }
  lowerTtl(packet, region.bytes);
  countGate(gate, GATE_OUT);
  const target = facts.target[0] as number;
  const mtu = mtuBehind(gate, INNER_SIDE);
  if (packetBytes(packet) <= mtu) toOutside(gate, target, region, at, bytes);
  else {
    cut(gate, packet, region, mtu, (own, place, length) =>
      toOutside(gate, target, own, place, length),
    );
  }
}

/** GATE_OUT, or why the packet goes no further. */
function translateOut(
  gate: Gate,
  from: number,
  packet: Packet,
  data: Uint8Array,
  bytes: number,
): number {
  const { flows, facts, key } = gate;
  if (packet.fragmentAt !== 0) return laterPieceOut(gate, packet, data);
  if (isError4(packet)) {
    const related = findRelatedWithin(gate, packet, data, TARGET);
    if (related < 0) return GATE_NO_FLOW;
    facts.state = STATE_RELATED;
    if (!mayPass(gate, bytes)) return GATE_RULE;
    translateErrorOut(gate, packet, data, related);
    return GATE_OUT;
  }
  const { isTranslating } = gate.config;
  if (isTranslating && !hasPorts(facts) && !isEcho(facts)) return GATE_PROTOCOL;
  putKey(key, facts, true);
  let flow = liveFlow(flows, key);
  putState(flows, flow, facts, true, packet.tcpFlags);
  if (!mayPass(gate, bytes)) return GATE_RULE;
  if (flow < 0) {
    if (facts.protocol === PROTOCOL_TCP && !isOpening(packet.tcpFlags)) return GATE_NO_FLOW;
    const outer = isTranslating ? outerPortFor(gate, key) : 0;
    if (isTranslating && outer === 0) return GATE_FLOWS;
    flow = beginFlow(flows, key, gate.ids[from] as number, from, outer, false);
    if (flow < 0) return GATE_FLOWS;
  } else noteFlow(flows, flow, true, packet.tcpFlags);
  if (packet.isFragment !== 0 && !firstPieceOut(gate, from, packet, data)) return GATE_FRAGMENT;
  if (!isTranslated(flows, flow)) return GATE_OUT;
  putAddress(packet, data, SOURCE, gate.config.outside.ip4);
  putPort(packet, data, SOURCE, outerPortOf(flows, flow));
  return GATE_OUT;
}

/** Two guests may number their packets alike: they get numbers of ours. */
function firstPieceOut(gate: Gate, from: number, packet: Packet, data: Uint8Array): boolean {
  const { config } = gate;
  gate.nextId = (gate.nextId + 1) & 0xffff;
  const id = config.isTranslating ? gate.nextId : packet.identification;
  const address = config.isTranslating ? config.outside.ip4 : (gate.facts.source[0] as number);
  const piece = pieceKey(gate, INNER_SIDE, packet);
  if (!notePieces(gate.fragments, piece, from, address, id, gate.nowS)) return false;
  if (config.isTranslating) putIdentification(packet, data, id);
  return true;
}

function laterPieceOut(gate: Gate, packet: Packet, data: Uint8Array): number {
  const { fragments } = gate;
  const entry = findPieces(fragments, pieceKey(gate, INNER_SIDE, packet), gate.nowS);
  if (entry < 0) return GATE_FRAGMENT;
  putAddress(packet, data, SOURCE, pieceAddress(fragments, entry));
  putIdentification(packet, data, pieceId(fragments, entry));
  return GATE_OUT;
}

/** From the other side, for the outer address or, where nothing is translated, for a guest's. */
export function forwardIn4(
  gate: Gate,
  packet: Packet,
  region: Region,
  at: number,
  bytes: number,
): void {
  const { facts, config } = gate;
  readFacts(facts, packet, region.bytes);
  facts.direction = DIRECTION_IN;
  facts.from = config.outside.port;
  if (!isPassable(gate, OUTER_SIDE, packet, region)) return;
  const reason = translateIn(gate, packet, region.bytes, bytes);
  if (reason !== GATE_IN) {
    countGate(gate, reason);
    return;
  }
  lowerTtl(packet, region.bytes);
  if (gate.sleepers?.holds(4, facts.target, facts.source, region, at, bytes, true)) {
    countGate(gate, GATE_WAITS);
    return;
  }
  countGate(gate, GATE_IN);
  const mtu = mtuBehind(gate, OUTER_SIDE);
  if (packetBytes(packet) <= mtu) sendTo(gate, INNER_SIDE, 4, facts.target, region, at, bytes);
  else {
    cut(gate, packet, region, mtu, (own, place, length) =>
      sendTo(gate, INNER_SIDE, 4, facts.target, own, place, length),
    );
  }
}

/** GATE_IN, or why it goes no further; the facts' target is the guest then. */
function translateIn(gate: Gate, packet: Packet, data: Uint8Array, bytes: number): number {
  const { flows, facts, key, config } = gate;
  if (packet.fragmentAt !== 0) return laterPieceIn(gate, packet, data);
  if (isError4(packet)) return relatedIn(gate, packet, data, bytes);
  let flow = config.isTranslating ? flowFromWithout(gate) : -1;
  const piece = packet.isFragment === 0 ? undefined : pieceKey(gate, OUTER_SIDE, packet);
  if (flow >= 0) {
    facts.target[0] = innerOf(flows, flow);
    if (hasPorts(facts)) facts.targetPort = innerPortOf(flows, flow);
  } else if (config.isTranslating && !aimForward(gate)) return GATE_NO_FLOW;
  facts.to = guestPort(gate, facts.target);
  const outerPort = config.isTranslating ? packet.targetPort : 0;
  if (flow < 0) {
    putKey(key, facts, false);
    flow = liveFlow(flows, key);
    // The guest has this connection by another port of ours.
    if (flow >= 0 && config.isTranslating) return GATE_NO_FLOW;
  }
  putState(flows, flow, facts, false, packet.tcpFlags);
  if (!mayPass(gate, bytes)) return GATE_RULE;
  if (flow < 0) {
    if (facts.protocol === PROTOCOL_TCP && !isOpening(packet.tcpFlags)) return GATE_NO_FLOW;
    flow = beginFlow(flows, key, gate.ids[facts.to] as number, facts.to, outerPort, true);
    if (flow < 0) return GATE_FLOWS;
  } else noteFlow(flows, flow, false, packet.tcpFlags);
  if (piece !== undefined) {
    const address = facts.target[0] as number;
    const { identification } = packet;
    if (!notePieces(gate.fragments, piece, facts.to, address, identification, gate.nowS)) {
      return GATE_FRAGMENT;
    }
  }
  if (!isTranslated(flows, flow)) return GATE_IN;
  putAddress(packet, data, TARGET, innerOf(flows, flow));
  putPort(packet, data, TARGET, innerPortOf(flows, flow));
  return GATE_IN;
}

/** The translated connection that the facts are of; -1: none. */
function flowFromWithout({ flows, facts }: Gate): number {
  const isPorts = hasPorts(facts);
  if (!isPorts && !isEcho(facts)) return -1;
  const remotePort = isPorts ? facts.sourcePort : 0;
  const remote = facts.source[0] as number;
  const entry = findWithout(flows, facts.protocol, remote, remotePort, facts.targetPort);
  return isLive(flows, entry) ? entry : -1;
}

/** Turns the facts' target into the guest that a port of ours leads to. False: to none. */
function aimForward({ config, facts }: Gate): boolean {
  const { forwards = [] } = config;
  if (facts.protocol !== PROTOCOL_TCP && facts.protocol !== PROTOCOL_UDP) return false;
  for (let i = 0; i < forwards.length; i++) {
    const forward = forwards[i];
    if (forward?.protocol !== facts.protocol || forward.port !== facts.targetPort) continue;
    facts.target[0] = forward.ip4;
    facts.targetPort = forward.toPort;
    return true;
  }
  return false;
}

function relatedIn(gate: Gate, packet: Packet, data: Uint8Array, bytes: number): number {
  const { facts, flows, config } = gate;
  if (!config.isTranslating) {
    facts.to = guestPort(gate, facts.target);
    facts.state = STATE_RELATED;
    return findRelatedWithin(gate, packet, data, SOURCE) >= 0 && mayPass(gate, bytes)
      ? GATE_IN
      : GATE_NO_FLOW;
  }
  const flow = findRelatedIn(gate, packet, data);
  if (flow < 0) return GATE_NO_FLOW;
  facts.target[0] = innerOf(flows, flow);
  facts.to = guestPort(gate, facts.target);
  facts.state = STATE_RELATED;
  if (!mayPass(gate, bytes)) return GATE_RULE;
  translateErrorIn(gate, packet, data, flow);
  return GATE_IN;
}

function laterPieceIn(gate: Gate, packet: Packet, data: Uint8Array): number {
  const { fragments, facts } = gate;
  const entry = findPieces(fragments, pieceKey(gate, OUTER_SIDE, packet), gate.nowS);
  if (entry < 0) return GATE_FRAGMENT;
  const address = pieceAddress(fragments, entry);
  facts.target[0] = address;
  putAddress(packet, data, TARGET, address);
  return GATE_IN;
}
