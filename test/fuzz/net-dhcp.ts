/**
 * Messages of DHCP, sensible or not, from guests with many faces: nobody is given what another has,
 * nothing outside the range, and a message that is none is not answered.
 */

import { equal, ok } from 'node:assert/strict';
import { LEASE_S } from '../../drivers/netback/gateway/limits.ts';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { createDhcp, parseDhcp } from '../../shared/net/dhcp.ts';
import * as make from '../net/frames.ts';
import {
  CONFIG,
  INNER_IP,
  INNER_MAC,
  type NetworkScene,
  networkScene,
} from '../net/network-scene.ts';
import { mendHeader } from './net-corpus.ts';
import type { World } from './target.ts';

const ALL = 'ff:ff:ff:ff:ff:ff';
const GATEWAY = make.mac(INNER_MAC);
const FIRST = make.ip4('10.0.0.100');
const SIZE = 10;
const macOf = (i: number): string => `02:00:00:00:00:0${i}`;

const address = (random: Prng): make.Bytes =>
  make.be32(random.chance(0.8) ? FIRST + random.below(SIZE + 2) - 1 : random.next());

function randomOptions(random: Prng): make.Bytes {
  const options: make.Bytes[] = [[53, 1, random.pick([1, 1, 3, 3, 3, 4, 7, 8, random.below(256)])]];
  if (random.chance(0.6)) options.push([50, 4, ...address(random)]);
  if (random.chance(0.3)) options.push([54, 4, ...make.be32(make.ip4(INNER_IP))]);
  if (random.chance(0.1)) options.push([52, 1, random.below(4)]);
  if (random.chance(0.1)) options.push([random.below(256), random.below(20), 1, 2, 3]);
  if (random.chance(0.9)) options.push([255]);
  return options.flat();
}

/** A frame with a message, and a byte of it wrong now and then. */
function randomAsk(random: Prng, mac: string): Uint8Array {
  const isKnown = random.chance(0.2);
  const message = [
    ...[1, 1, 6, 0, ...make.be32(random.next()), 0, 0, random.pick([0, 0x80]), 0],
    ...[...(isKnown ? address(random) : [0, 0, 0, 0]), ...new Array(12).fill(0), ...make.mac(mac)],
    ...[...new Array(202).fill(0), 0x63, 0x82, 0x53, 0x63, ...randomOptions(random)],
  ];
  const ip = { from: '0.0.0.0', to: '255.255.255.255', protocol: 17 };
  const frame = make.offloaded(
    make.ether(ALL, mac, make.IPV4, make.packet4(ip, make.udp(68, 67, message))),
  );
  if (random.chance(0.2)) {
    for (let i = random.below(4); i >= 0; i--)
      frame[24 + random.below(frame.length - 24)] = random.below(256);
    mendHeader(frame, 0, frame.length);
  }
  return frame;
}

interface Given {
  readonly mac: string;
  readonly untilMs: number;
}

/** What an answer gives: an acknowledged address is whose it is. */
function take(scene: NetworkScene, frame: readonly number[], given: Map<number, Given>): void {
  const bytes = Uint8Array.from(frame);
  const dhcp = createDhcp();
  ok(parseDhcp(dhcp, bytes, 52, bytes.length), 'an answer that is none');
  const ip = bytes.slice(68, 72).reduce((all, byte) => all * 256 + byte, 0);
  if (ip === 0 || (dhcp.type !== 2 && dhcp.type !== 5)) return;
  ok(ip >= FIRST && ip < FIRST + SIZE, 'an address outside the range');
  const mac = [...bytes.slice(dhcp.clientMac, dhcp.clientMac + 6)].join();
  const holder = given.get(ip);
  if (holder !== undefined && holder.untilMs > scene.nowMs) equal(mac, holder.mac, 'given twice');
  if (dhcp.type === 5) given.set(ip, { mac, untilMs: scene.nowMs + LEASE_S * 1000 });
}

export const dhcpWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  const dhcp = { first: FIRST, last: FIRST + SIZE - 1 };
  const config = { ...CONFIG, dhcp };
  const scene = networkScene({ seed, ports: { 1: { id: 1 }, 2: { id: 2 } }, config });
  const given = new Map<number, Given>();
  for (let i = 0; i < cases; i++) {
    const mac = macOf(random.below(8));
    const ask = randomAsk(random, mac);
    for (const [port, frame] of scene.send(random.pick([1, 2]), ask)) {
      // Guests' own go to all, too.
      const isOurs = GATEWAY.every((byte, at) => frame[16 + at] === byte);
      if (port > 2 || !isOurs || frame[44] !== 0 || frame[45] !== 67) continue;
      take(scene, frame, given);
    }
    // Whoever gives up or refuses an address, in a message that is one, has it no more.
    const own = [...ask.slice(80, 86)].join();
    for (const [ip, { mac: holder }] of given) if (holder === own && isEnd(ask)) given.delete(ip);
    if (random.chance(0.05)) scene.pass(random.below(100_000));
    done();
  }
};

/** A message that may end a lease: of these types, or for another server. */
function isEnd(frame: Uint8Array): boolean {
  const dhcp = createDhcp();
  if (!parseDhcp(dhcp, frame, 52, frame.length)) return false;
  return dhcp.type === 4 || dhcp.type === 7 || dhcp.serverIp !== 0;
}
