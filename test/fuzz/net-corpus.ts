/** Sound frames of every kind that there is, and what may become of them on the way. */

import type { Prng } from '../../shared/core/prng.ts';
import * as make from '../net/frames.ts';
import {
  A_IP,
  A_MAC,
  B_MAC,
  INNER_IP,
  INNER_MAC,
  OUTER_IP,
  OUTER_MAC,
  ROUTER_IP,
  ROUTER_MAC,
} from '../net/network-scene.ts';

const WEB = '203.0.113.7';
const ALL = 'ff:ff:ff:ff:ff:ff';
const [GUEST6, OURS6, WEB6] = ['fd00:1::a', 'fd00:1::1', '2001:db8::7'];

const four = (body: make.Bytes, protocol: number, ip: Partial<make.Ip4> = {}): make.Bytes =>
  make.packet4({ from: A_IP, to: WEB, protocol, ...ip }, body);
const six = (body: make.Bytes, protocol: number, ip: Partial<make.Ip6> = {}): make.Bytes =>
  make.packet6({ from: GUEST6, to: WEB6, protocol, ...ip }, body);

const IP4: readonly make.Bytes[] = [
  four(make.tcp(4000, 80, 2), 6),
  four(make.tcp(4000, 80, 16, [1, 2, 3]), 6),
  four(make.tcp(80, 4000, 18), 6, { from: WEB, to: OUTER_IP }),
  four(make.udp(4000, 99, [1, 2, 3]), 17),
  four(make.udp(99, 4000, [1]), 17, { from: WEB, to: OUTER_IP }),
  four(make.icmp(8, 0, 70_001, [1, 2]), 1),
  four(make.icmp(8, 0, 1), 1, { to: INNER_IP }),
  four(make.icmp(3, 4, 1400, four(make.tcp(4000, 80, 2), 6, { from: OUTER_IP })), 1, {
    ...{ from: ROUTER_IP, to: OUTER_IP },
  }),
  four(make.udp(4000, 99, new Array(16).fill(1)), 17, { fragment: 0x2000, id: 9 }),
  four(new Array(16).fill(2), 17, { fragment: 3, id: 9 }),
  four(make.udp(1, 2), 17, { options: [131, 3, 4, 0] }),
  four(make.udp(1, 2), 17, { ttl: 1 }),
  four(make.udp(5000, 53, [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1]), 17, {
    to: INNER_IP,
  }),
  four(make.tcp(5000, 8080, 2), 6, { from: WEB, to: OUTER_IP }),
  four([1, 2, 3, 4], 47),
];

const IP6: readonly make.Bytes[] = [
  six(make.tcp(4000, 80, 2), 6),
  six(make.udp(4000, 99, [1, 2]), 17),
  six(make.udp(99, 4000), 17, { from: WEB6, to: GUEST6 }),
  six(make.icmp(128, 0, 1), 58, { to: OURS6 }),
  six([135, 0, 0, 0, 0, 0, 0, 0, ...make.ip6(OURS6), 1, 1, ...make.mac(A_MAC)], 58, {
    ...{ to: OURS6, hops: 255 },
  }),
  six([136, 0, 0, 0, 0, 0, 0, 0, ...make.ip6(GUEST6), 2, 1, ...make.mac(A_MAC)], 58, {
    ...{ to: OURS6, hops: 255 },
  }),
  six([133, 0, 0, 0, 0, 0, 0, 0], 58, { from: 'fe80::a', to: 'ff02::2', hops: 255 }),
  six([134, ...new Array(15).fill(0)], 58, { from: 'fe80::a', to: 'ff02::1', hops: 255 }),
  six(make.icmp(2, 0, 1400, six(make.udp(4000, 99), 17)), 58, { from: WEB6, to: GUEST6 }),
  six(make.udp(1, 2), 17, { extensions: { first: 0, bytes: [17, 0, 1, 4, 0, 0, 0, 0] } }),
  six(make.udp(1, 2), 17, { extensions: { first: 44, bytes: [17, 0, 0, 0, 0, 0, 0, 9] } }),
];

const ARP: readonly make.Bytes[] = [
  make.arp(1, [A_MAC, A_IP], [ALL, INNER_IP]),
  make.arp(2, [ROUTER_MAC, ROUTER_IP], [OUTER_MAC, OUTER_IP]),
  make.arp(1, [ROUTER_MAC, ROUTER_IP], [ALL, OUTER_IP]),
];

const framed = (type: number, bodies: readonly make.Bytes[]): Uint8Array[] =>
  bodies.flatMap((body) => [
    make.offloaded(make.ether(INNER_MAC, A_MAC, type, body)),
    make.offloaded(make.ether(OUTER_MAC, ROUTER_MAC, type, body)),
    make.offloaded(make.ether(ALL, B_MAC, type, body)),
    make.offloaded(make.ether(B_MAC, A_MAC, type, body, make.tag(5))),
  ]);

export const CORPUS: readonly Uint8Array[] = [
  ...framed(make.IPV4, IP4),
  ...framed(make.IPV6, IP6),
  ...framed(make.ARP, ARP),
  make.offloaded(make.ether(INNER_MAC, A_MAC, make.IPV4, four(make.tcp(4000, 80, 16, [1, 2]), 6)), {
    ...{ csum: [34, 16], gso: [1, 1], headers: 54 },
  }),
  make.offloaded(make.ether(B_MAC, A_MAC, 0x0026, [1, 2, 3])),
];

/** Makes the IPv4 header's sum right again, so that what is behind it is looked at. */
export function mendHeader(bytes: Uint8Array, at: number, end: number): void {
  const ip = at + 24;
  if (ip + 20 > end || (bytes[ip] as number) >>> 4 !== 4) return;
  const length = ((bytes[ip] as number) & 15) * 4;
  if (ip + length > end) return;
  bytes[ip + 10] = 0;
  bytes[ip + 11] = 0;
  const sum = make.naiveChecksum([...bytes.subarray(ip, ip + length)]);
  bytes[ip + 10] = sum >>> 8;
  bytes[ip + 11] = sum & 255;
}

/** Puts a frame at `at`, as it is or as it should not be; how many bytes it has. */
export function putHostile(random: Prng, bytes: Uint8Array, at: number): number {
  if (random.chance(0.02)) {
    const length = random.below(200);
    for (let i = 0; i < length; i++) bytes[at + i] = random.below(256);
    return length;
  }
  const frame = random.pick(CORPUS);
  bytes.set(frame, at);
  let length = frame.length;
  if (random.chance(0.3)) length += random.below(60) - 30;
  if (length < 0) length = 0;
  for (let i = frame.length; i < length; i++) bytes[at + i] = random.below(256);
  const edits = random.chance(0.3) ? 0 : random.below(6);
  for (let i = 0; i < edits; i++) {
    // Most of it is in headers.
    const place = at + random.below(random.chance(0.8) ? Math.min(length, 90) : length);
    const old = bytes[place] as number;
    bytes[place] = random.pick([0, 255, old ^ (1 << random.below(8)), random.below(256)]);
  }
  if (random.chance(0.7)) mendHeader(bytes, at, at + length);
  return length;
}
