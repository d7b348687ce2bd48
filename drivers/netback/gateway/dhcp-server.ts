/** DHCP for the inside (RFC 2131 4.3): addresses for guests, and us as their router. */

import { putU16, putU32 } from '../../../shared/core/big-endian.ts';
import {
  DHCP_ACK,
  DHCP_ASK,
  DHCP_CLIENT_IP,
  DHCP_CLIENT_MAC,
  DHCP_DECLINE,
  DHCP_DISCOVER,
  DHCP_FIXED_BYTES,
  DHCP_FLAGS,
  DHCP_INFORM,
  DHCP_MAGIC,
  DHCP_NAK,
  DHCP_OFFER,
  DHCP_RELEASE,
  DHCP_REPLY,
  DHCP_REQUEST,
  DHCP_XID,
  DHCP_YOUR_IP,
  type Dhcp,
  OPTION_DNS,
  OPTION_END,
  OPTION_LEASE,
  OPTION_MASK,
  OPTION_MTU,
  OPTION_REBIND,
  OPTION_RENEW,
  OPTION_ROUTER,
  OPTION_SERVER,
  OPTION_TYPE,
  parseDhcp,
} from '../../../shared/net/dhcp.ts';
import {
  IPV4_HEADER_BYTES,
  PORT_DHCP_CLIENT,
  PORT_DHCP_SERVER,
  PROTOCOL_UDP,
  UDP_HEADER_BYTES,
} from '../../../shared/net/numbers.ts';
import type { Packet } from '../../../shared/net/packet.ts';
import { isSameMac } from '../switch/guard.ts';
import { maskOf } from './config.ts';
import { GATE_ANSWERED } from './counters.ts';
import { countGate, type Gate, INNER_SIDE } from './gate.ts';
import { addressFor, decline, endLease, giveLease, type Leases, leaseOf } from './leases.ts';
import { DECLINED_S, LEASE_S, OFFER_S } from './limits.ts';
import { giveTo } from './neighbours.ts';
import { L3_AT, newIpv4, sealUdp4 } from './write-frame.ts';

const ALL = 0xffff_ffff;
const MESSAGE_BYTES = 300;
/** The client hears nothing that is not for all. */
const FLAG_BROADCAST = 0x8000;

/** A message from a guest behind the port `from`, which may be no message at all. */
export function serveDhcp(gate: Gate, from: number, packet: Packet, bytes: Uint8Array): void {
  const { leases } = gate;
  const dhcp = gate.dhcp;
  if (leases === undefined || packet.isFragment !== 0) return;
  if (!parseDhcp(dhcp, bytes, packet.payload, packet.payloadEnd)) return;
  // No relays on this link, and nobody asks for another.
  if (dhcp.operation !== DHCP_REQUEST || dhcp.relayIp !== 0) return;
  if (!isSameMac(bytes, dhcp.clientMac, bytes, packet.at + 6)) return;
  const { ip4 } = gate.config.inside;
  if (dhcp.serverIp !== 0 && dhcp.serverIp !== ip4) {
    forgetOffer(leases, dhcp, bytes);
    return;
  }
  switch (dhcp.type) {
    case DHCP_DISCOVER:
      offer(gate, leases, from, dhcp, packet, bytes);
      return;
    case DHCP_ASK:
      answerRequest(gate, leases, from, dhcp, packet, bytes);
      return;
    case DHCP_INFORM:
      reply(gate, dhcp, packet, bytes, DHCP_ACK, 0);
      return;
    case DHCP_RELEASE:
      forgetOffer(leases, dhcp, bytes);
      return;
    case DHCP_DECLINE: {
      const entry = leaseOf(leases, dhcp.wantedIp, bytes, dhcp.clientMac);
      if (entry >= 0) decline(leases, entry, DECLINED_S);
      return;
    }
  }
}

/** It has taken another server's, or needs its address no more. */
function forgetOffer(leases: Leases, dhcp: Dhcp, bytes: Uint8Array): void {
  const entry = leaseOf(leases, dhcp.clientIp || dhcp.wantedIp, bytes, dhcp.clientMac);
  if (entry >= 0) endLease(leases, entry);
}

function offer(
  gate: Gate,
  leases: Leases,
  from: number,
  dhcp: Dhcp,
  packet: Packet,
  bytes: Uint8Array,
): void {
  const { ip4: ours } = gate.config.inside;
  const { clientMac: mac, wantedIp } = dhcp;
  const ip4 = addressFor(leases, bytes, mac, wantedIp, from, ours);
  if (ip4 === 0) return;
  const isItsOwn = leaseOf(leases, ip4, bytes, mac) >= 0;
  // An offer does not shorten what it has.
  if (!isItsOwn) giveLease(leases, ip4, bytes, mac, gate.ids[from] as number, from, OFFER_S);
  reply(gate, dhcp, packet, bytes, DHCP_OFFER, ip4);
}

function answerRequest(
  gate: Gate,
  leases: Leases,
  from: number,
  dhcp: Dhcp,
  packet: Packet,
  bytes: Uint8Array,
): void {
  const { ip4: ours } = gate.config.inside;
  const { clientMac: mac } = dhcp;
  const wanted = dhcp.wantedIp || dhcp.clientIp;
  const ip4 = addressFor(leases, bytes, mac, wanted, from, ours);
  if (ip4 === 0 || ip4 !== wanted) {
    reply(gate, dhcp, packet, bytes, DHCP_NAK, 0);
    return;
  }
  giveLease(leases, ip4, bytes, mac, gate.ids[from] as number, from, LEASE_S);
  reply(gate, dhcp, packet, bytes, DHCP_ACK, ip4);
}

const BROADCAST = new Uint8Array(6).fill(0xff);

function reply(
  gate: Gate,
  dhcp: Dhcp,
  packet: Packet,
  from: Uint8Array,
  type: number,
  ip4: number,
): void {
  const { inside } = gate.config;
  const isForAll =
    type === DHCP_NAK || (dhcp.clientIp === 0 && (dhcp.flags & FLAG_BROADCAST) !== 0);
  const target = isForAll ? ALL : dhcp.clientIp || ip4;
  const size = UDP_HEADER_BYTES + MESSAGE_BYTES;
  const at = newIpv4(gate, inside.ip4, target, PROTOCOL_UDP, size);
  if (at < 0) return;
  const { region } = gate.arena;
  const { bytes } = region;
  const l3 = at + L3_AT;
  const message = l3 + IPV4_HEADER_BYTES + UDP_HEADER_BYTES;
  bytes[message] = DHCP_REPLY;
  bytes[message + 1] = 1;
  bytes[message + 2] = 6;
  putU32(bytes, message + DHCP_XID, dhcp.xid);
  putU16(bytes, message + DHCP_FLAGS, dhcp.flags);
  if (type !== DHCP_NAK) putU32(bytes, message + DHCP_CLIENT_IP, dhcp.clientIp);
  putU32(bytes, message + DHCP_YOUR_IP, ip4);
  for (let i = 0; i < 6; i++) {
    bytes[message + DHCP_CLIENT_MAC + i] = from[dhcp.clientMac + i] as number;
  }
  putU32(bytes, message + DHCP_MAGIC.at, DHCP_MAGIC.value);
  putOptions(gate, bytes, message + DHCP_FIXED_BYTES, type, ip4);
  sealUdp4(bytes, l3, message + MESSAGE_BYTES, PORT_DHCP_SERVER, PORT_DHCP_CLIENT);
  countGate(gate, GATE_ANSWERED);
  const length = L3_AT + IPV4_HEADER_BYTES + size;
  if (isForAll) giveTo(gate, INNER_SIDE, BROADCAST, 0, region, at, length);
  else giveTo(gate, INNER_SIDE, from, packet.at + 6, region, at, length);
}

function putOption(bytes: Uint8Array, at: number, option: number, value: number): number {
  bytes[at] = option;
  bytes[at + 1] = 4;
  putU32(bytes, at + 2, value);
  return at + 6;
}

function putOptions(
  { config }: Gate,
  bytes: Uint8Array,
  from: number,
  type: number,
  ip4: number,
): void {
  const { inside } = config;
  let at = from;
  bytes[at] = OPTION_TYPE;
  bytes[at + 1] = 1;
  bytes[at + 2] = type;
  at = putOption(bytes, at + 3, OPTION_SERVER, inside.ip4);
  if (type !== DHCP_NAK) {
    at = putOption(bytes, at, OPTION_MASK, maskOf(inside.bits));
    at = putOption(bytes, at, OPTION_ROUTER, inside.ip4);
    if (config.dns !== undefined) at = putOption(bytes, at, OPTION_DNS, inside.ip4);
    bytes[at] = OPTION_MTU;
    bytes[at + 1] = 2;
    at = putU16(bytes, at + 2, inside.mtu);
    if (ip4 !== 0) {
      at = putOption(bytes, at, OPTION_LEASE, LEASE_S);
      at = putOption(bytes, at, OPTION_RENEW, LEASE_S / 2);
      at = putOption(bytes, at, OPTION_REBIND, (LEASE_S * 7) / 8);
    }
  }
  bytes[at] = OPTION_END;
}
