/**
 * Whether a port may send what it sends: as whom, from which addresses, what it says of addresses
 * in ARP and neighbour discovery, and that it is no server. Link-local addresses of IPv6 are
 * everybody's: hosts choose them by themselves.
 */

import { type Cidr, isWithin } from '../../../shared/net/address-text.ts';
import {
  findNdpOption,
  isNdp,
  isSoundNdp,
  NDP_SOURCE_MAC,
  NDP_TARGET,
  NDP_TARGET_MAC,
} from '../../../shared/net/ndp.ts';
import {
  ARP_SENDER_IP,
  ARP_SENDER_MAC,
  NDP_NEIGHBOUR_ADVERT,
  NDP_REDIRECT,
  NDP_ROUTER_ADVERT,
  PORT_DHCP_CLIENT,
  PORT_DHCP_SERVER,
  PORT_DHCP6_CLIENT,
  PORT_DHCP6_SERVER,
  PROTOCOL_UDP,
} from '../../../shared/net/numbers.ts';
import { KIND_ARP, KIND_IPV4, KIND_IPV6, NONE, type Packet } from '../../../shared/net/packet.ts';
import {
  DROP_ARP,
  DROP_NDP,
  DROP_NONE,
  DROP_SERVER,
  DROP_SOURCE_IP,
  DROP_SOURCE_MAC,
} from './counters.ts';
import type { Port } from './port.ts';

/** Whether the six bytes at both places are the same. */
export function isSameMac(a: Uint8Array, at: number, b: Uint8Array, bAt: number): boolean {
  for (let i = 0; i < 6; i++) if (a[at + i] !== b[bAt + i]) return false;
  return true;
}

function isOneOf(macs: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < macs.length; i += 6) if (isSameMac(macs, i, bytes, at)) return true;
  return false;
}

function isInOne(list: readonly Cidr[], bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < list.length; i++) if (isWithin(list[i] as Cidr, bytes, at)) return true;
  return false;
}

export function isZero(bytes: Uint8Array, at: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

const isLinkLocal = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 0xfe && ((bytes[at + 1] as number) & 0xc0) === 0x80;

/** Why the frame is dropped; DROP_NONE: it is not. */
export function judge(port: Port, packet: Packet, bytes: Uint8Array): number {
  const { macs } = port;
  if (macs !== undefined && !isOneOf(macs, bytes, packet.at + 6)) return DROP_SOURCE_MAC;
  switch (packet.kind) {
    case KIND_ARP:
      return judgeArp(port, packet, bytes);
    case KIND_IPV4:
      return judgeIpv4(port, packet, bytes);
    case KIND_IPV6:
      return judgeIpv6(port, packet, bytes);
    default:
      return DROP_NONE;
  }
}

function judgeArp({ macs, ip4 }: Port, { at, l3 }: Packet, bytes: Uint8Array): number {
  const sender = l3 + ARP_SENDER_MAC;
  if (macs !== undefined && !isSameMac(bytes, sender, bytes, at + 6)) return DROP_ARP;
  const address = l3 + ARP_SENDER_IP;
  // All zeros ask whether somebody has an address (RFC 5227).
  if (ip4 === undefined || isZero(bytes, address, 4)) return DROP_NONE;
  return isInOne(ip4, bytes, address) ? DROP_NONE : DROP_ARP;
}

function judgeIpv4(port: Port, packet: Packet, bytes: Uint8Array): number {
  const { protocol, sourcePort, targetPort } = packet;
  const isUdp = protocol === PROTOCOL_UDP;
  const isAnswer = isUdp && sourcePort === PORT_DHCP_SERVER && targetPort === PORT_DHCP_CLIENT;
  if (port.isNoServer && isAnswer) return DROP_SERVER;
  const source = packet.l3 + 12;
  if (port.ip4 === undefined || isInOne(port.ip4, bytes, source)) return DROP_NONE;
  const isClient = isUdp && sourcePort === PORT_DHCP_CLIENT && targetPort === PORT_DHCP_SERVER;
  return isClient && isZero(bytes, source, 4) ? DROP_NONE : DROP_SOURCE_IP;
}

function judgeIpv6(port: Port, packet: Packet, bytes: Uint8Array): number {
  const source = packet.l3 + 8;
  if (isNdp(packet)) {
    const reason = judgeNdp(port, packet, bytes);
    if (reason !== DROP_NONE) return reason;
  }
  const { protocol, sourcePort, targetPort } = packet;
  const isAnswer =
    protocol === PROTOCOL_UDP &&
    sourcePort === PORT_DHCP6_SERVER &&
    targetPort === PORT_DHCP6_CLIENT;
  if (port.isNoServer && isAnswer) return DROP_SERVER;
  // None yet: it asks whether it may have one, or joins a group.
  return isItsOwn6(port, bytes, source) || isZero(bytes, source, 16) ? DROP_NONE : DROP_SOURCE_IP;
}

function isItsOwn6({ ip6 }: Port, bytes: Uint8Array, at: number): boolean {
  return ip6 === undefined || isLinkLocal(bytes, at) || isInOne(ip6, bytes, at);
}

function judgeNdp(port: Port, packet: Packet, bytes: Uint8Array): number {
  if (!isSoundNdp(packet, bytes)) return DROP_NDP;
  const { icmpType, l4, at } = packet;
  const isRouters = icmpType === NDP_ROUTER_ADVERT || icmpType === NDP_REDIRECT;
  if (port.isNoServer && isRouters) return DROP_SERVER;
  const isAdvert = icmpType === NDP_NEIGHBOUR_ADVERT;
  if (isAdvert && !isItsOwn6(port, bytes, l4 + NDP_TARGET)) return DROP_NDP;
  if (port.macs === undefined || isRouters) return DROP_NONE;
  const option = findNdpOption(packet, bytes, isAdvert ? NDP_TARGET_MAC : NDP_SOURCE_MAC);
  return option === NONE || isSameMac(bytes, option + 2, bytes, at + 6) ? DROP_NONE : DROP_NDP;
}
