/** Frames to neighbours: at once to those that are known, and to others when they have answered. */

import { putU16, putU32 } from '../../../shared/core/big-endian.ts';
import {
  ARP_BYTES,
  ARP_REQUEST,
  ARP_SENDER_IP,
  ARP_SENDER_MAC,
  ARP_TARGET_IP,
  ARP_TARGET_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  IPV6_HEADER_BYTES,
  NDP_NEIGHBOUR_SOLICIT,
} from '../../../shared/net/numbers.ts';
import { VIRTIO_HEADER_BYTES } from '../../../shared/net/offload.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { takeRoom } from '../switch/arena.ts';
import { isNear } from './config.ts';
import { GATE_NEIGHBOUR, GATE_NO_ROOM } from './counters.ts';
import { countGate, type Gate, INNER_SIDE, OUTER_SIDE } from './gate.ts';
import { ASK_S, ASK_TIMES, REACHABLE_S, REFRESH_S, WAITING_BYTES, WAITING_MAX } from './limits.ts';
import {
  ASKED,
  addNeighbour,
  dropNeighbour,
  FREE,
  findNeighbour,
  KNOWN,
  keepFrame,
  kindOf,
} from './neighbour-table.ts';
import { copyMac, L3_AT, newFrame, newIcmp6, putType, sealIcmp6 } from './write-frame.ts';

export const macOf = ({ config }: Gate, side: number): Uint8Array =>
  side === INNER_SIDE ? config.inside.mac : config.outside.mac;
export const ip4Of = ({ config }: Gate, side: number): number =>
  side === INNER_SIDE ? config.inside.ip4 : config.outside.ip4;

/** Our address of IPv6 on a side, in `ip6` of the configuration, which must be there. */
export const ip6Of = ({ config }: Gate, side: number): Uint8Array => {
  const { ip6 } = config;
  return (side === INNER_SIDE ? ip6?.address : ip6?.outside) as Uint8Array;
};

/** Puts both MAC addresses and gives it away. */
export function giveTo(
  gate: Gate,
  side: number,
  mac: Uint8Array,
  macAt: number,
  region: Region,
  at: number,
  bytes: number,
): void {
  copyMac(mac, macAt, region.bytes, at + VIRTIO_HEADER_BYTES);
  copyMac(macOf(gate, side), 0, region.bytes, at + VIRTIO_HEADER_BYTES + 6);
  gate.give[side]?.(region, at, bytes);
}

/** A frame, in memory of ours, to who has this address on the side. */
export function sendTo(
  gate: Gate,
  side: number,
  family: number,
  words: Int32Array,
  region: Region,
  at: number,
  bytes: number,
): void {
  const all = gate.neighbours;
  const kind = kindOf(side, family);
  let entry = findNeighbour(all, kind, words);
  if (entry >= 0 && all.states[entry] === KNOWN) {
    giveTo(gate, side, all.macs, 6 * entry, region, at, bytes);
    // In time, so that nobody waits.
    if ((all.untilS[entry] as number) - REFRESH_S < gate.nowS && all.tries[entry] === 0) {
      all.tries[entry] = 1;
      ask(gate, entry);
    }
    return;
  }
  if (entry < 0) {
    // Who asks for many that are not there costs those that are nothing.
    entry = all.asked >= WAITING_MAX ? -1 : addNeighbour(all, kind, words);
    if (entry < 0) {
      countGate(gate, GATE_NO_ROOM);
      return;
    }
    all.states[entry] = ASKED;
    all.asked++;
    all.tries[entry] = 1;
    all.untilS[entry] = gate.nowS + ASK_S;
    ask(gate, entry);
  }
  if (!keepFrame(all, entry, region.bytes, at, bytes)) countGate(gate, GATE_NO_ROOM);
}

/** A frame for an address of the outside, by the one who leads there. */
export function toOutside(
  gate: Gate,
  target: number,
  region: Region,
  at: number,
  bytes: number,
): void {
  const { outside } = gate.config;
  const address = target >>> 0;
  gate.hop.fill(0);
  gate.hop[0] = isNear(address, outside.ip4, outside.bits) ? address : outside.router;
  sendTo(gate, OUTER_SIDE, 4, gate.hop, region, at, bytes);
}

/** A second has passed: asks again, gives up, forgets. */
export function tickNeighbours(gate: Gate): void {
  const all = gate.neighbours;
  for (let entry = 0; entry < all.states.length; entry++) {
    if (all.states[entry] === FREE || (all.untilS[entry] as number) > gate.nowS) continue;
    if (all.states[entry] === KNOWN || (all.tries[entry] as number) >= ASK_TIMES) {
      if ((all.waits[entry] as number) >= 0) countGate(gate, GATE_NEIGHBOUR);
      dropNeighbour(all, entry);
      continue;
    }
    all.tries[entry] = (all.tries[entry] as number) + 1;
    all.untilS[entry] = gate.nowS + ASK_S;
    ask(gate, entry);
  }
}

/**
 * Somebody says that it has an address. Whom nobody asked, and who asks nothing of us, is not
 * believed: `isWanted` says that it does.
 */
export function hear(
  gate: Gate,
  side: number,
  family: number,
  words: Int32Array,
  bytes: Uint8Array,
  mac: number,
  port: number,
  isWanted: boolean,
): void {
  const all = gate.neighbours;
  const kind = kindOf(side, family);
  let entry = findNeighbour(all, kind, words);
  if (entry < 0 && isWanted) entry = addNeighbour(all, kind, words);
  if (entry < 0) return;
  copyMac(bytes, mac, all.macs, 6 * entry);
  if (all.states[entry] === ASKED) all.asked--;
  all.states[entry] = KNOWN;
  all.ports[entry] = port;
  all.tries[entry] = 0;
  all.untilS[entry] = gate.nowS + REACHABLE_S;
  const slot = all.waits[entry] as number;
  if (slot < 0) return;
  const length = all.lengths[slot] as number;
  all.waits[entry] = -1;
  all.lengths[slot] = 0;
  const at = takeRoom(gate.arena, length);
  if (at < 0) {
    countGate(gate, GATE_NO_ROOM);
    return;
  }
  const { region } = gate.arena;
  for (let i = 0; i < length; i++) {
    region.bytes[at + i] = all.frames[slot * WAITING_BYTES + i] as number;
  }
  giveTo(gate, side, all.macs, 6 * entry, region, at, length);
}

const BROADCAST = new Uint8Array(6).fill(0xff);
const NOBODY = new Uint8Array(6);

function ask(gate: Gate, entry: number): void {
  const { kinds, addresses } = gate.neighbours;
  const kind = kinds[entry] as number;
  const side = kind & 1;
  if (kind >>> 1 === 4) {
    const target = (addresses[4 * entry] as number) >>> 0;
    sendArp(gate, side, ARP_REQUEST, BROADCAST, 0, NOBODY, 0, target);
  } else solicit(gate, side, addresses, 4 * entry);
}

/** An ARP packet of ours about our address on the side. */
export function sendArp(
  gate: Gate,
  side: number,
  operation: number,
  to: Uint8Array,
  toAt: number,
  target: Uint8Array,
  targetAt: number,
  targetIp: number,
): void {
  const at = newFrame(gate, ARP_BYTES);
  if (at < 0) return;
  const { region } = gate.arena;
  const { bytes } = region;
  putType(bytes, at, ETHERTYPE_ARP);
  const arp = at + L3_AT;
  putU16(bytes, arp, 1);
  putU16(bytes, arp + 2, ETHERTYPE_IPV4);
  bytes[arp + 4] = 6;
  bytes[arp + 5] = 4;
  putU16(bytes, arp + 6, operation);
  copyMac(macOf(gate, side), 0, bytes, arp + ARP_SENDER_MAC);
  putU32(bytes, arp + ARP_SENDER_IP, ip4Of(gate, side));
  copyMac(target, targetAt, bytes, arp + ARP_TARGET_MAC);
  putU32(bytes, arp + ARP_TARGET_IP, targetIp);
  giveTo(gate, side, to, toAt, region, at, L3_AT + ARP_BYTES);
}

const SOLICIT_BYTES = 32;

/** To the group of those whose address ends as this one (RFC 4291 2.7.1). */
function solicit(gate: Gate, side: number, words: Int32Array, from: number): void {
  const at = newIcmp6(gate, SOLICIT_BYTES);
  if (at < 0) return;
  const { region } = gate.arena;
  const { bytes } = region;
  const l3 = at + L3_AT;
  bytes.set(ip6Of(gate, side), l3 + 8);
  const target = l3 + IPV6_HEADER_BYTES + 8;
  for (let i = 0; i < 4; i++) putU32(bytes, target + 4 * i, words[from + i] as number);
  const group = l3 + 24;
  bytes[group] = 0xff;
  bytes[group + 1] = 2;
  bytes[group + 11] = 1;
  bytes[group + 12] = 0xff;
  for (let i = 13; i < 16; i++) bytes[group + i] = bytes[target + i] as number;
  const l4 = l3 + IPV6_HEADER_BYTES;
  bytes[l4] = NDP_NEIGHBOUR_SOLICIT;
  const option = l4 + 24;
  bytes[option] = 1;
  bytes[option + 1] = 1;
  copyMac(macOf(gate, side), 0, bytes, option + 2);
  sealIcmp6(bytes, l3, l4, l4 + SOLICIT_BYTES);
  // 33:33, and the last four bytes of the group (RFC 2464 7).
  const to = at + VIRTIO_HEADER_BYTES;
  bytes[to] = 0x33;
  bytes[to + 1] = 0x33;
  for (let i = 2; i < 6; i++) bytes[to + i] = bytes[group + 10 + i] as number;
  giveTo(gate, side, bytes, to, region, at, L3_AT + IPV6_HEADER_BYTES + SOLICIT_BYTES);
}
