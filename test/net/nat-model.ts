/**
 * Random connections of guests through the gateway, against a model of Maps: what goes out has one
 * port of ours for each connection that no other one to the same end has, what comes back for it
 * reaches the guest as if nothing had been translated, and nothing else comes in. Every frame that
 * comes out is sound to its last sum.
 */

import { deepEqual, equal, ok } from 'node:assert/strict';
import { type Prng, prng } from '../../shared/core/prng.ts';
import * as make from './frames.ts';
import {
  A_IP,
  B_IP,
  fromA,
  fromB,
  fromRouter,
  type Got,
  type NetworkScene,
  networkScene,
  OUTER_IP,
  OUTSIDE,
  toA,
  toB,
} from './network-scene.ts';

const REMOTES = ['203.0.113.1', '203.0.113.2', '8.8.8.8'];

interface Flow {
  readonly guest: 1 | 2;
  readonly protocol: number;
  readonly port: number;
  readonly remote: string;
  readonly remotePort: number;
  readonly outer: number;
}

const ipOf = (guest: 1 | 2): string => (guest === 1 ? A_IP : B_IP);
const endOf = (flow: Omit<Flow, 'guest' | 'port'>): string =>
  `${flow.protocol} ${flow.remote} ${flow.remotePort} ${flow.outer}`;
const keyOf = ({ guest, protocol, port, remote, remotePort }: Omit<Flow, 'outer'>): string =>
  `${guest} ${protocol} ${port} ${remote} ${remotePort}`;

/** The packet of a connection, from its ends or to them. */
function body(protocol: number, from: number, to: number, isFirst: boolean, data: make.Bytes) {
  if (protocol === 6) return make.tcp(from, to, isFirst ? 2 : 16, data);
  if (protocol === 17) return make.udp(from, to, data);
  return make.icmp(isFirst ? 8 : 0, 0, ((isFirst ? from : to) << 16) | 1, data);
}

/** All sums are right, and the packet is what it says. */
export function expectSound(frame: readonly number[]): void {
  const ip = frame.slice(24);
  const length = ((ip[2] as number) << 8) | (ip[3] as number);
  equal(make.naiveChecksum(ip.slice(0, 20)), 0, 'a header with a wrong sum');
  const rest = ip.slice(20, length);
  const pseudo = [...ip.slice(12, 20), 0, ip[9] as number, ...make.be16(rest.length)];
  equal(make.naiveChecksum(ip[9] === 1 ? rest : [...pseudo, ...rest]), 0, 'a wrong sum');
}

export interface NatRun {
  readonly scene: NetworkScene;
  readonly flows: Map<string, Flow>;
  readonly ends: Map<string, Flow>;
}

export function startNat(scene: NetworkScene): NatRun {
  scene.meet();
  return { scene, flows: new Map(), ends: new Map() };
}

function randomData(random: Prng): make.Bytes {
  return Array.from({ length: random.below(9) }, () => random.pick([0, 255, random.below(256)]));
}

function sendOut(run: NatRun, random: Prng): void {
  const { scene, flows, ends } = run;
  const guest = random.pick([1, 2] as const);
  const protocol = random.pick([1, 6, 17]);
  const port = random.pick([5000, 5001, 5002, 123]);
  const remote = random.pick(REMOTES);
  const remotePort = protocol === 1 ? 0 : random.pick([80, 443]);
  const known = flows.get(keyOf({ guest, protocol, port, remote, remotePort }));
  const data = randomData(random);
  const packet = make.packet4(
    { from: ipOf(guest), to: remote, protocol },
    body(protocol, port, remotePort, true, data),
  );
  const got = scene.send(guest, guest === 1 ? fromA(packet) : fromB(packet));
  equal(got.length, 1, 'it is lost');
  const [to, frame] = got[0] as Got;
  equal(to, OUTSIDE);
  expectSound(frame);
  const outer =
    ((frame[protocol === 1 ? 48 : 44] as number) << 8) |
    (frame[protocol === 1 ? 49 : 45] as number);
  const want = make.packet4(
    { from: OUTER_IP, to: remote, protocol, ttl: 63 },
    body(protocol, outer, remotePort, true, data),
  );
  deepEqual(frame.slice(24), want);
  const flow = { guest, protocol, port, remote, remotePort, outer };
  if (known === undefined) {
    ok(!ends.has(endOf(flow)), 'a port that another connection has');
    flows.set(keyOf(flow), flow);
    ends.set(endOf(flow), flow);
  } else equal(outer, known.outer, 'another port for the same connection');
}

function sendBack(run: NatRun, random: Prng): void {
  const { scene, flows, ends } = run;
  const all = [...flows.values()];
  const picked = all.length === 0 ? undefined : random.pick(all);
  const isWrong = picked === undefined || random.chance(0.3);
  const end = {
    protocol: picked?.protocol ?? 17,
    remote: isWrong ? random.pick(REMOTES) : (picked?.remote as string),
    remotePort: picked?.remotePort ?? 80,
    outer: isWrong ? random.pick([5000, 5001, random.below(65_536)]) : (picked?.outer as number),
  };
  const { protocol, remote, remotePort, outer } = end;
  const data = randomData(random);
  const packet = make.packet4(
    { from: remote, to: OUTER_IP, protocol },
    body(protocol, remotePort, outer, false, data),
  );
  const got = scene.send(OUTSIDE, fromRouter(packet));
  const flow = ends.get(endOf(end));
  if (flow === undefined) {
    deepEqual(got, [], 'something came in that nobody asked for');
    return;
  }
  const inner = make.packet4(
    { from: remote, to: ipOf(flow.guest), protocol, ttl: 63 },
    body(protocol, remotePort, flow.port, false, data),
  );
  const want = flow.guest === 1 ? toA(inner) : toB(inner);
  deepEqual(got, [[flow.guest, [...want]]]);
}

/** One packet, this way or that. */
export function stepNat(run: NatRun, random: Prng): void {
  if (random.chance(0.5)) sendOut(run, random);
  else sendBack(run, random);
}

/** A backend that begins anew with the memory of the last one, its clock and its ports. */
export function restart(run: NatRun, nowMs: number): NatRun {
  const scene = networkScene({ state: run.scene.state, nowMs, seed: nowMs + 1 });
  scene.meet();
  return { ...run, scene };
}

export function natRun(seed: number): { readonly run: NatRun; readonly random: Prng } {
  return { run: startNat(networkScene({ seed })), random: prng(seed) };
}
