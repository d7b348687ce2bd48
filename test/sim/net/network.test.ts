/** Guests' rings, the network between them with its gateway, and a link outside. */

import { expect, it } from 'vitest';
import type { Behind } from '../../../drivers/netback/core/vif.ts';
import {
  ARENA_BYTES,
  createNetwork,
  NETWORK_BYTES,
  type Network,
} from '../../../drivers/netback/network.ts';
import { VifPorts } from '../../../drivers/netback/vif-ports.ts';
import { prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import * as make from '../../net/frames.ts';
import * as scene from '../../net/network-scene.ts';
import { memory } from '../../net/regions.ts';
import { type GuestQueue, offer, publishSent, send, takeAnswers } from './guest.ts';
import { createMemoryLink, type MemoryLink } from './memory-link.ts';
import { takeReceived } from './received.ts';
import { createHost, newProcess, run, type Served, serve, takeOver } from './world.ts';

const WEB = '203.0.113.7';
const NOBODY = '00:00:00:00:00:00';
const queueOf = ({ guest }: Served): GuestQueue => guest.queues[0] as GuestQueue;
/** As guests and links send: without a header of ours. */
const bare = (frame: Uint8Array): Uint8Array => frame.slice(10);

interface Host {
  readonly host: ReturnType<typeof createHost>;
  readonly state: Region;
  readonly link: MemoryLink;
  readonly served: Served[];
  ports: VifPorts;
  net: Network;
}

/** What a backend makes when it begins, of which only the state and the rings outlive it. */
function begin(
  parts: Pick<Host, 'host' | 'state' | 'link'>,
  seed: number,
): Pick<Host, 'ports' | 'net'> {
  const random = prng(seed);
  const ports = new VifPorts(parts.host.room, scene.OUTSIDE, parts.link);
  const net = must(
    createNetwork(
      {
        ...{ outlets: ports, arena: memory(ARENA_BYTES), state: parts.state },
        ...{ random: () => random.next(), gateway: scene.CONFIG },
      },
      seed * 1000,
    ),
  );
  return { ports, net };
}

function openPorts({ net, ports, served }: Host): void {
  for (const [i, one] of served.entries()) {
    const mac = Uint8Array.from(make.mac(i === 0 ? scene.A_MAC : scene.B_MAC));
    must(net.openPort(i + 1, `vif${i}`, { id: 100 + i, macs: [mac] }));
    ports.connect(i + 1, one.vif);
  }
}

function start(): Host {
  const host = createHost();
  const parts = { host, state: memory(NETWORK_BYTES), link: createMemoryLink() };
  const all: Host = { ...parts, served: [], ...begin(parts, 1) };
  for (const port of [1, 2]) {
    // Of the backend that lives now.
    const now = (): Behind => all.ports.behind(all.net, port);
    const behind: Behind = {
      queues: now().queues,
      tx: (queue, region, at, bytes) => now().tx(queue, region, at, bytes),
      ...{ rx: () => 0, want: () => {}, submit: () => now().submit() },
    };
    all.served.push(serve(host, { behind }));
  }
  openPorts(all);
  for (const one of all.served) offer(one.guest, queueOf(one), 128);
  return all;
}

/** All that is to be done; frames that each guest got, and that the link sent. */
function settle(host: Host): { guests: number[][][]; out: number[][] } {
  while (host.ports.pump(host.net, 0, 64, () => {})) {}
  run(...host.served);
  const guests = host.served.map((one) => {
    takeAnswers(one.guest, queueOf(one));
    return takeReceived(one.guest, queueOf(one)).map((got) => [...(got?.frame ?? [])]);
  });
  return { guests, out: host.link.sent.splice(0).map((frame) => [...frame]) };
}

function say(host: Host, guest: number, frame: Uint8Array, flags = 0): ReturnType<typeof settle> {
  const one = host.served[guest] as Served;
  send(one.guest, queueOf(one), frame, { flags });
  publishSent(queueOf(one));
  return settle(host);
}

function hear(host: Host, frame: Uint8Array): ReturnType<typeof settle> {
  host.link.receive(frame);
  return settle(host);
}

const arp = (from: string, ip: string, target: string): Uint8Array => {
  const body = make.arp(1, [from, ip], [NOBODY, target]);
  return make.offloaded(make.ether('ff:ff:ff:ff:ff:ff', from, make.ARP, body));
};

function meet(host: Host): void {
  const asked = say(host, 0, bare(arp(scene.A_MAC, scene.A_IP, scene.INNER_IP)));
  expect(asked.guests[0]).toHaveLength(1);
  expect(asked.guests[1]).toHaveLength(1);
  hear(host, arp(scene.ROUTER_MAC, scene.ROUTER_IP, scene.OUTER_IP));
}

const there = (flags: number, sum: make.Sum = 'right'): make.Bytes =>
  make.packet4({ from: scene.A_IP, to: WEB, protocol: 6, sum }, make.tcp(4000, 80, flags));
const back = (to: string, ttl: number): make.Bytes =>
  make.packet4({ from: WEB, to, protocol: 6, ttl }, make.tcp(80, 4000, 18));

it('a guest’s packet goes out translated and its answer comes back, over a death, too', () => {
  const host = start();
  meet(host);
  const out = make.packet4(
    { from: scene.OUTER_IP, to: WEB, protocol: 6, ttl: 63 },
    make.tcp(4000, 80, 2),
  );
  expect(say(host, 0, bare(scene.fromA(there(2)))).out).toEqual([[...scene.toRouter(out)]]);
  const want = [[...bare(scene.toA(back(scene.A_IP, 63)))]];
  expect(hear(host, scene.fromRouter(back(scene.OUTER_IP, 64))).guests).toEqual([want, []]);
  // Another process, with other memory and another clock.
  newProcess(host.host);
  Object.assign(host, begin(host, 7));
  for (const one of host.served) expect(takeOver(one)).toBeUndefined();
  openPorts(host);
  for (const one of host.served) offer(one.guest, queueOf(one), 64);
  settle(host);
  meet(host);
  expect(hear(host, scene.fromRouter(back(scene.OUTER_IP, 64))).guests).toEqual([want, []]);
});

it('what is from guest to guest goes straight', () => {
  const host = start();
  const frame = make.ether(scene.B_MAC, scene.A_MAC, 0x88b5, [1, 2, 3]);
  expect(say(host, 0, Uint8Array.from(frame))).toEqual({ guests: [[], [frame]], out: [] });
});

it('a flood of one guest ends with its turn, and others get theirs', () => {
  const host = start();
  meet(host);
  const one = host.served[0] as Served;
  const all = make.ether('ff:ff:ff:ff:ff:ff', scene.A_MAC, 0x88b5, [1]);
  for (let i = 0; i < 200; i++) send(one.guest, queueOf(one), Uint8Array.from(all));
  publishSent(queueOf(one));
  const other = make.ether(scene.A_MAC, scene.B_MAC, 0x88b5, [9]);
  const { guests } = say(host, 1, Uint8Array.from(other));
  expect(guests[0]).toEqual([other]);
  expect(guests[1]?.length).toBeGreaterThan(0);
});
