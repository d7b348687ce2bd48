/** A network with a gateway, two guests and an outside, each of which is what the test says. */

import type { GatewayConfig } from '../../drivers/netback/gateway/config.ts';
import { GATE_NAMES } from '../../drivers/netback/gateway/counters.ts';
import {
  ARENA_BYTES,
  createNetwork,
  NETWORK_BYTES,
  type Network,
  type NetworkParts,
} from '../../drivers/netback/network.ts';
import type { RuleSet } from '../../drivers/netback/rules/rule.ts';
import type { PortConfig } from '../../drivers/netback/switch/port.ts';
import { prng } from '../../shared/core/prng.ts';
import { must } from '../../shared/core/result.ts';
import { parseMac } from '../../shared/net/mac-text.ts';
import { ARP_REQUEST } from '../../shared/net/numbers.ts';
import type { Region } from '../../shared/platform/region.ts';
import * as make from './frames.ts';
import { memory } from './regions.ts';

export const OUTSIDE = 9;
export const INNER_MAC = 'fe:ff:ff:ff:ff:ff';
export const OUTER_MAC = '00:16:3e:00:00:99';
export const ROUTER_MAC = '52:54:00:00:00:01';
export const A_MAC = '00:16:3e:00:00:0a';
export const B_MAC = '00:16:3e:00:00:0b';
export const INNER_IP = '10.0.0.1';
export const OUTER_IP = '192.0.2.2';
export const ROUTER_IP = '192.0.2.1';
export const A_IP = '10.0.0.5';
export const B_IP = '10.0.0.6';

const mac = (text: string): Uint8Array => parseMac(text) as Uint8Array;

export const CONFIG: GatewayConfig = {
  inside: { mac: mac(INNER_MAC), ip4: make.ip4(INNER_IP), bits: 24, mtu: 1500 },
  outside: {
    ...{ mac: mac(OUTER_MAC), ip4: make.ip4(OUTER_IP), bits: 24, mtu: 1500 },
    ...{ port: OUTSIDE, router: make.ip4(ROUTER_IP) },
  },
  isTranslating: true,
  dhcp: { first: make.ip4('10.0.0.100'), last: make.ip4('10.0.0.103') },
  dns: make.ip4('198.51.100.53'),
  forwards: [{ protocol: 6, port: 8080, ip4: make.ip4(A_IP), toPort: 80 }],
};

export type Got = readonly [port: number, frame: number[]];

export interface NetworkScene {
  readonly net: Network;
  readonly state: Region;
  nowMs: number;
  /** Puts a frame in and ends the turn; what came out. */
  send(port: number, frame: Uint8Array): Got[];
  /** Milliseconds pass; what came out. */
  pass(ms: number): Got[];
  /** Everybody asks everybody for its MAC address, as hosts do. */
  meet(): void;
  /** What the gateway has counted, by name. */
  counted(): Record<string, number>;
}

export interface SceneOptions extends Partial<NetworkParts> {
  readonly config?: GatewayConfig;
  /** A switch alone, whose uplink is OUTSIDE. */
  readonly isSwitch?: boolean;
  readonly ports?: Readonly<Record<number, PortConfig>>;
  readonly rules?: RuleSet;
  readonly nowMs?: number;
  readonly seed?: number;
}

const PORTS: Readonly<Record<number, PortConfig>> = {
  1: { id: 101, macs: [mac(A_MAC)] },
  2: { id: 102, macs: [mac(B_MAC)] },
};
export const NAMES: Readonly<Record<number, string>> = { 1: 'a', 2: 'b', 9: 'outside' };

export function networkScene(options: SceneOptions = {}): NetworkScene {
  const { config = CONFIG, ports = PORTS, seed = 1, state = memory(NETWORK_BYTES) } = options;
  const random = prng(seed);
  let got: Got[] = [];
  let room = memory(80_000);
  const parts: NetworkParts = {
    arena: memory(ARENA_BYTES),
    random: () => random.next(),
    ...(options.isSwitch === true ? { uplink: OUTSIDE } : { gateway: config }),
    ...options,
    state,
    outlets: {
      deliver(port, region, at, bytes) {
        got.push([port, [...region.bytes.subarray(at, at + bytes)]]);
        return true;
      },
      settle() {},
    },
  };
  const net = must(createNetwork(parts, options.nowMs ?? 0));
  const scene: NetworkScene = {
    net,
    state,
    nowMs: options.nowMs ?? 0,
    send(port, frame) {
      got = [];
      if (frame.length + 64 > room.bytes.length) room = memory(frame.length + 64);
      room.bytes.set(frame, 32);
      net.input(port, room, 32, frame.length);
      net.endTurn();
      return got;
    },
    pass(ms) {
      got = [];
      for (let left = ms; left > 0; left -= 1000) {
        scene.nowMs += Math.min(1000, left);
        net.tick(scene.nowMs);
        net.endTurn();
      }
      return got;
    },
    meet() {
      const asks: [number, string, string, string][] = [
        [OUTSIDE, ROUTER_MAC, ROUTER_IP, OUTER_IP],
        [1, A_MAC, A_IP, INNER_IP],
        [2, B_MAC, B_IP, INNER_IP],
      ];
      for (const [port, from, ip, target] of asks) {
        const body = make.arp(ARP_REQUEST, [from, ip], ['00:00:00:00:00:00', target]);
        scene.send(port, make.offloaded(make.ether('ff:ff:ff:ff:ff:ff', from, make.ARP, body)));
      }
    },
    counted() {
      const counters = net.gateCounters ?? new Float64Array(0);
      const named = GATE_NAMES.map((name, i) => [name, counters[i] ?? 0] as const);
      return Object.fromEntries(named.filter(([, count]) => count > 0));
    },
  };
  net.tick(scene.nowMs);
  for (const [port, one] of Object.entries(ports)) {
    must(net.openPort(Number(port), NAMES[Number(port)] ?? `vif${port}`, one));
  }
  net.endTurn();
  return scene;
}

/** An IPv4 packet of these ends. */
export const packet = (
  from: string,
  to: string,
  protocol: number,
  body: make.Bytes,
  rest: Partial<make.Ip4> = {},
): make.Bytes => make.packet4({ from, to, protocol, ...rest }, body);

/** A network whose guests and router are known to it. */
export function met(options: Parameters<typeof networkScene>[0] = {}): NetworkScene {
  const scene = networkScene(options);
  scene.meet();
  return scene;
}

/** A frame of a guest to the gateway, or of the gateway to a guest. */
export const fromA = (body: make.Bytes, offload?: make.Offload): Uint8Array =>
  make.offloaded(make.ether(INNER_MAC, A_MAC, make.IPV4, body), offload);
export const fromB = (body: make.Bytes): Uint8Array =>
  make.offloaded(make.ether(INNER_MAC, B_MAC, make.IPV4, body));
export const toA = (body: make.Bytes, offload?: make.Offload): Uint8Array =>
  make.offloaded(make.ether(A_MAC, INNER_MAC, make.IPV4, body), offload);
export const toB = (body: make.Bytes): Uint8Array =>
  make.offloaded(make.ether(B_MAC, INNER_MAC, make.IPV4, body));
/** Of the outside's router to the gateway, and of the gateway to it. */
export const fromRouter = (body: make.Bytes, offload?: make.Offload): Uint8Array =>
  make.offloaded(make.ether(OUTER_MAC, ROUTER_MAC, make.IPV4, body), offload);
export const toRouter = (body: make.Bytes, offload?: make.Offload): Uint8Array =>
  make.offloaded(make.ether(ROUTER_MAC, OUTER_MAC, make.IPV4, body), offload);

export const out = (frame: Uint8Array): Got => [OUTSIDE, [...frame]];
export const at = (port: number, frame: Uint8Array): Got => [port, [...frame]];
