/** IPv4 and ARP for ourselves: answers on the side that they are for. */

import { getU32, putU32 } from '../../../shared/core/big-endian.ts';
import { copyBytes } from '../../../shared/core/bytes.ts';
import { checksumOf } from '../../../shared/net/checksum.ts';
import {
  ARP_REPLY,
  ARP_REQUEST,
  ARP_SENDER_IP,
  ARP_SENDER_MAC,
  ARP_TARGET_IP,
  ICMP_ECHO,
  IPV4_HEADER_BYTES,
  PORT_DHCP_SERVER,
  PORT_DNS,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
} from '../../../shared/net/numbers.ts';
import type { Packet } from '../../../shared/net/packet.ts';
import { isNoHost } from './checks4.ts';
import { isNear } from './config.ts';
import { GATE_ANSWERED, GATE_MARTIAN, GATE_NOT_OURS, GATE_TOO_LARGE } from './counters.ts';
import { serveDhcp } from './dhcp-server.ts';
import { forwardQuestion } from './dns-forwarder.ts';
import { countGate, type Gate, INNER_SIDE } from './gate.ts';
import { giveTo, hear, ip4Of, sendArp } from './neighbours.ts';
import { L3_AT, newIpv4, sealIcmp4 } from './write-frame.ts';

/** ARP on a side: who asks for us is answered, and who answers us is heard. */
export function takeArp(
  gate: Gate,
  side: number,
  port: number,
  packet: Packet,
  bytes: Uint8Array,
): void {
  const { l3, arpOperation } = packet;
  const sender = getU32(bytes, l3 + ARP_SENDER_IP);
  const target = getU32(bytes, l3 + ARP_TARGET_IP);
  const mac = l3 + ARP_SENDER_MAC;
  const ours = ip4Of(gate, side);
  const isForUs = target === ours;
  const { inside, outside } = gate.config;
  const { ip4, bits } = side === INNER_SIDE ? inside : outside;
  // Neither ours, nor nobody's, nor a group's station.
  const isGroup = ((bytes[mac] as number) & 1) !== 0;
  const isHost = sender !== ours && !isNoHost(sender) && isNear(sender, ip4, bits) && !isGroup;
  if (isHost) {
    gate.hop.fill(0);
    gate.hop[0] = sender;
    hear(gate, side, 4, gate.hop, bytes, mac, port, isForUs && arpOperation === ARP_REQUEST);
  } else if (sender !== 0) {
    countGate(gate, GATE_MARTIAN);
    return;
  }
  if (arpOperation !== ARP_REQUEST || !isForUs) return;
  countGate(gate, GATE_ANSWERED);
  sendArp(gate, side, ARP_REPLY, bytes, packet.at + 6, bytes, mac, sender);
}

/** A packet from a guest to our address, or to all. */
export function takeLocal4(gate: Gate, from: number, packet: Packet, bytes: Uint8Array): void {
  const { protocol, targetPort, icmpType } = packet;
  if (protocol === PROTOCOL_UDP && targetPort === PORT_DHCP_SERVER) {
    serveDhcp(gate, from, packet, bytes);
    return;
  }
  const { ip4, bits } = gate.config.inside;
  const source = getU32(bytes, packet.l3 + 12);
  if (getU32(bytes, packet.l3 + 16) !== ip4) {
    countGate(gate, GATE_NOT_OURS);
    return;
  }
  if (isNoHost(source) || source === ip4 || !isNear(source, ip4, bits)) {
    countGate(gate, GATE_MARTIAN);
    return;
  }
  if (protocol === PROTOCOL_UDP && targetPort === PORT_DNS) {
    forwardQuestion(gate, from, packet, bytes);
    return;
  }
  if (protocol === PROTOCOL_ICMP && icmpType === ICMP_ECHO) {
    echo(gate, packet, bytes);
    return;
  }
  countGate(gate, GATE_NOT_OURS);
}

/** What came goes back; whole, or not at all. */
function echo(gate: Gate, packet: Packet, from: Uint8Array): void {
  const { l3, l4, l3End } = packet;
  const size = l3End - l4;
  if (packet.isFragment !== 0 || size + IPV4_HEADER_BYTES > gate.config.inside.mtu) {
    countGate(gate, GATE_TOO_LARGE);
    return;
  }
  if (checksumOf(from, l4, l3End) !== 0) {
    countGate(gate, GATE_NOT_OURS);
    return;
  }
  const source = getU32(from, l3 + 12);
  const at = newIpv4(gate, gate.config.inside.ip4, source, PROTOCOL_ICMP, size);
  if (at < 0) return;
  const { region } = gate.arena;
  const own = at + L3_AT + IPV4_HEADER_BYTES;
  copyBytes(from, l4, region.bytes, own, size);
  putU32(region.bytes, own, 0);
  sealIcmp4(region.bytes, own, own + size);
  countGate(gate, GATE_ANSWERED);
  giveTo(gate, INNER_SIDE, from, packet.at + 6, region, at, L3_AT + IPV4_HEADER_BYTES + size);
}
