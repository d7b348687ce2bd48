/**
 * DNS for the inside: questions go on to one name server, each with an id and from a port that
 * nobody can guess, and its answer goes back to who asked.
 */

import { getU16, getU32, putU16 } from '../../../shared/core/big-endian.ts';
import { copyBytes } from '../../../shared/core/bytes.ts';
import { parseDns } from '../../../shared/net/dns.ts';
import {
  IPV4_HEADER_BYTES,
  PORT_DNS,
  PROTOCOL_UDP,
  UDP_HEADER_BYTES,
} from '../../../shared/net/numbers.ts';
import type { Packet } from '../../../shared/net/packet.ts';
import { packetBytes } from './checks4.ts';
import { GATE_ANSWERED, GATE_FLOWS, GATE_TOO_LARGE } from './counters.ts';
import { countGate, type Gate, INNER_SIDE } from './gate.ts';
import { sendTo, toOutside } from './neighbours.ts';
import { questionPort } from './outer-port.ts';
import { beginQuestion, endQuestion, findQuestion, questionHash } from './question-table.ts';
import { L3_AT, newIpv4, sealUdp4 } from './write-frame.ts';

const FRONT_BYTES = L3_AT + IPV4_HEADER_BYTES + UDP_HEADER_BYTES;

/** A frame of ours with the message of the packet, under another id; -1: there is no room. */
function passOn(
  gate: Gate,
  { payload, payloadEnd }: Packet,
  from: Uint8Array,
  source: number,
  target: number,
  id: number,
): number {
  const size = payloadEnd - payload;
  const at = newIpv4(gate, source, target, PROTOCOL_UDP, UDP_HEADER_BYTES + size);
  if (at < 0) return -1;
  const { bytes } = gate.arena.region;
  copyBytes(from, payload, bytes, at + FRONT_BYTES, size);
  putU16(bytes, at + FRONT_BYTES, id);
  return at;
}

/** A datagram from a guest to our port of DNS. */
export function forwardQuestion(gate: Gate, from: number, packet: Packet, data: Uint8Array): void {
  const { dns: server, outside } = gate.config;
  const { dns, questions } = gate;
  if (server === undefined || packet.isFragment !== 0) return;
  const { payload, payloadEnd } = packet;
  if (!parseDns(dns, data, payload, payloadEnd) || dns.isReply !== 0) return;
  if (packetBytes(packet) > outside.mtu) {
    countGate(gate, GATE_TOO_LARGE);
    return;
  }
  const outerPort = questionPort(gate, server, PORT_DNS);
  const entry = outerPort === 0 ? -1 : beginQuestion(questions, from, gate.nowS);
  if (entry < 0) {
    countGate(gate, GATE_FLOWS);
    return;
  }
  const id = gate.random() & 0xffff;
  questions.ids[entry] = id;
  questions.outerPorts[entry] = outerPort;
  questions.hashes[entry] = questionHash(data, dns.question, dns.questionEnd);
  questions.clients[entry] = getU32(data, packet.l3 + 12);
  questions.clientPorts[entry] = packet.sourcePort;
  questions.clientIds[entry] = dns.id;
  const at = passOn(gate, packet, data, outside.ip4, server, id);
  if (at < 0) {
    endQuestion(questions, entry);
    return;
  }
  const { region } = gate.arena;
  const length = FRONT_BYTES + payloadEnd - payload;
  sealUdp4(region.bytes, at + L3_AT, at + length, outerPort, PORT_DNS);
  toOutside(gate, server, region, at, length);
}

/** A datagram from a server's port of DNS to us. False: it answers no question of ours. */
export function forwardAnswer(gate: Gate, packet: Packet, data: Uint8Array): boolean {
  const { dns: server, inside } = gate.config;
  const { dns, questions } = gate;
  if (server === undefined || packet.isFragment !== 0) return false;
  if (getU32(data, packet.l3 + 12) !== server || packet.sourcePort !== PORT_DNS) return false;
  const { payload, payloadEnd, targetPort } = packet;
  if (!parseDns(dns, data, payload, payloadEnd) || dns.isReply === 0) return false;
  const hash = questionHash(data, dns.question, dns.questionEnd);
  const entry = findQuestion(questions, targetPort, getU16(data, payload), hash, gate.nowS);
  if (entry < 0) return false;
  const client = (questions.clients[entry] as number) >>> 0;
  const id = questions.clientIds[entry] as number;
  const port = questions.clientPorts[entry] as number;
  endQuestion(questions, entry);
  if (packetBytes(packet) > inside.mtu) {
    countGate(gate, GATE_TOO_LARGE);
    return true;
  }
  const at = passOn(gate, packet, data, inside.ip4, client, id);
  if (at < 0) return true;
  const { region } = gate.arena;
  const length = FRONT_BYTES + payloadEnd - payload;
  sealUdp4(region.bytes, at + L3_AT, at + length, PORT_DNS, port);
  countGate(gate, GATE_ANSWERED);
  gate.hop.fill(0);
  gate.hop[0] = client;
  sendTo(gate, INNER_SIDE, 4, gate.hop, region, at, length);
  return true;
}
