/** Small packets through a driver domain's network: translated, and from guest to guest. */

import {
  ARENA_BYTES,
  createNetwork,
  NETWORK_BYTES,
  type Network,
} from '../../../drivers/netback/network.ts';
import type { RuleSet } from '../../../drivers/netback/rules/rule.ts';
import { assert } from '../../../shared/core/assert.ts';
import { prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import * as make from '../../net/frames.ts';
import * as scene from '../../net/network-scene.ts';
import { memory } from '../../net/regions.ts';

/** As a host has them: what was allowed goes on, and a few more. */
const RULES: RuleSet = {
  rules: [
    { action: 'allow', states: ['established', 'related'], line: 1 },
    { action: 'deny', direction: 'out', protocol: 6, to: { ports: [[25, 25]] }, line: 2 },
    { action: 'allow', direction: 'out', line: 3 },
    { action: 'allow', direction: 'between', line: 4 },
  ],
  otherwise: 'deny',
};

const WEB = '203.0.113.7';
const AT = 64;
/** Frames of a turn. */
const BATCH = 64;

interface Sink {
  readonly net: Network;
  delivered: number;
}

function open(): Sink {
  const random = prng(1);
  const sink = { delivered: 0 };
  const outlets = {
    deliver: (): boolean => {
      sink.delivered++;
      return true;
    },
    settle: (): void => {},
  };
  const net = must(
    createNetwork(
      {
        ...{ outlets, arena: memory(ARENA_BYTES), state: memory(NETWORK_BYTES), rules: RULES },
        ...{ gateway: scene.CONFIG, random: () => random.next() },
      },
      0,
    ),
  );
  for (const [port, text] of [[1, scene.A_MAC] as const, [2, scene.B_MAC] as const]) {
    must(net.openPort(port, `vif${port}`, { id: port, macs: [Uint8Array.from(make.mac(text))] }));
  }
  return Object.assign(sink, { net });
}

function put({ net }: Sink, room: Region, port: number, frame: Uint8Array): void {
  room.bytes.set(frame, AT);
  net.input(port, room, AT, frame.length);
}

export function networkRows(): Readonly<Record<string, (requests: number) => void>> {
  const sink = open();
  const room = memory(4096);
  const router: [string, string] = [scene.ROUTER_MAC, scene.ROUTER_IP];
  const ask = make.arp(1, router, ['00:00:00:00:00:00', scene.OUTER_IP]);
  const asked = make.ether('ff:ff:ff:ff:ff:ff', scene.ROUTER_MAC, make.ARP, ask);
  put(sink, room, scene.OUTSIDE, make.offloaded(asked));
  const ip = { from: scene.A_IP, to: WEB, protocol: 6 };
  put(sink, room, 1, scene.fromA(make.packet4(ip, make.tcp(4000, 80, 2))));
  const data = make.packet4({ ...ip, sum: 'blank' }, make.tcp(4000, 80, 16, [1, 2, 3, 4, 5, 6]));
  const out = scene.fromA(data, { csum: [34, 16] });
  const local = { from: scene.A_IP, to: scene.B_IP, protocol: 17 };
  const body = make.packet4(local, make.udp(4000, 80, [1, 2, 3, 4, 5, 6]));
  const between = make.offloaded(make.ether(scene.B_MAC, scene.A_MAC, make.IPV4, body));
  const run =
    (frame: Uint8Array) =>
    (requests: number): void => {
      const before = sink.delivered;
      for (let i = 0; i < requests; i++) {
        put(sink, room, 1, frame);
        if (i % BATCH === 0) sink.net.endTurn();
      }
      assert(sink.delivered - before === requests, 'packets were lost');
    };
  return { 'nat-core': run(out), 'switch-core': run(between) };
}
