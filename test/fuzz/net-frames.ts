/** Hostile frames into a network: nothing throws, and nothing comes out that contradicts itself. */

import { equal, ok } from 'node:assert/strict';
import type { GatewayConfig } from '../../drivers/netback/gateway/config.ts';
import {
  ARENA_BYTES,
  createNetwork,
  NETWORK_BYTES,
  type NetworkOutlets,
  type NetworkParts,
} from '../../drivers/netback/network.ts';
import { readRules } from '../../drivers/netback/rules/read.ts';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { must } from '../../shared/core/result.ts';
import { createPacket, KIND_IPV4 } from '../../shared/net/packet.ts';
import { parseFrame } from '../../shared/net/parse-frame.ts';
import type { Region } from '../../shared/platform/region.ts';
import * as make from '../net/frames.ts';
import { A_MAC, B_MAC, CONFIG, OUTER_IP, OUTSIDE } from '../net/network-scene.ts';
import { memory } from '../net/regions.ts';
import { putHostile } from './net-corpus.ts';
import type { World } from './target.ts';

const bytes6 = (text: string): Uint8Array => Uint8Array.from(make.ip6(text));
const GATEWAY: GatewayConfig = {
  ...CONFIG,
  ip6: {
    ...{ prefix: bytes6('fd00:1::'), address: bytes6('fd00:1::1'), outside: bytes6('fe80::99') },
    ...{ router: bytes6('fe80::1'), isProxy: true },
  },
};
const RULES = [
  `allow established,related
   deny out tcp to any port 25
   allow out
   allow in tcp to any port 80
   default deny`,
  'deny from 10.0.0.0/30,fd00:1::/127\ndefault allow',
];
const mac = (text: string): Uint8Array => Uint8Array.from(make.mac(text));

/** What comes out is sound, and from the outer address where it goes outside. */
function outlets(isTranslated: boolean, delivered: () => void): NetworkOutlets {
  const packet = createPacket();
  const ours = make.ip4(OUTER_IP);
  return {
    deliver(port: number, region: Region, at: number, length: number) {
      const { bytes } = region;
      equal(parseFrame(packet, bytes, at, length), 0, 'a frame that contradicts itself');
      if (isTranslated && port === OUTSIDE && packet.kind === KIND_IPV4) {
        const place = packet.l3 + 12;
        const source = make.be32(ours).every((byte, i) => bytes[place + i] === byte);
        ok(source, 'a guest as it is, outside');
      }
      delivered();
      return true;
    },
    settle() {},
  };
}

function randomParts(random: Prng): Omit<NetworkParts, 'outlets'> {
  const rules = random.chance(0.5) ? readRules('rules', random.pick(RULES)).set : undefined;
  const isGateway = random.chance(0.7);
  const isTranslating = random.chance(0.8);
  const sleeper = { name: 'c', ip4: make.ip4('10.0.0.7'), mac: mac('00:16:3e:00:00:0c') };
  return {
    arena: memory(random.chance(0.9) ? ARENA_BYTES : 4096),
    state: memory(NETWORK_BYTES),
    random: () => random.next(),
    ...(isGateway ? { gateway: { ...GATEWAY, isTranslating } } : { uplink: OUTSIDE }),
    ...(rules && { rules }),
    ...(random.chance(0.3) && { sleepers: [sleeper], wake: () => {} }),
  };
}

export const framesWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  const parts = randomParts(random);
  let delivered = 0;
  const isTranslated = parts.gateway?.isTranslating === true;
  const count = (): void => {
    delivered++;
  };
  const all = { ...parts, outlets: outlets(isTranslated, count) };
  const net = must(createNetwork(all, 0));
  const isBound = random.chance(0.5);
  must(net.openPort(1, 'a', { id: 1, ...(isBound && { macs: [mac(A_MAC)] }), isNoServer: true }));
  must(net.openPort(2, 'b', { id: 2, ...(isBound && { macs: [mac(B_MAC)] }), trunk: [5] }));
  if (parts.gateway === undefined)
    must(net.openPort(OUTSIDE, 'up', { id: 9, isUplink: true, trunk: [5] }));
  const room = memory(4096);
  let nowMs = 0;
  for (let i = 0; i < cases; i++) {
    const before = delivered;
    const length = putHostile(random, room.bytes, 64);
    net.input(random.pick([1, 1, 2, OUTSIDE, OUTSIDE]), room, 64, length);
    // One frame is a few: to all ports, with an answer, or a question for a neighbour.
    ok(delivered - before <= 6, 'a frame has become many');
    net.endTurn();
    if (random.chance(0.02)) {
      nowMs += random.below(20_000);
      net.tick(nowMs);
      net.endTurn();
    }
    done();
  }
};
