/** Translation against a model, and after restarts. */

import { expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import * as make from '../../../test/net/frames.ts';
import { natRun, restart, stepNat } from '../../../test/net/nat-model.ts';
import {
  A_IP,
  CONFIG,
  fromA,
  fromRouter,
  networkScene,
  OUTER_IP,
  OUTSIDE,
} from '../../../test/net/network-scene.ts';
import { memory } from '../../../test/net/regions.ts';
import { NETWORK_BYTES } from '../network.ts';

it.each([1, 2, 3, 4, 5, 6])('translates as a model does, seed %i', (seed) => {
  const { run, random } = natRun(seed);
  for (let i = 0; i < 400; i++) stepNat(run, random);
  expect(run.flows.size).toBeGreaterThan(20);
});

it.each([11, 12, 13, 14])('and goes on so after deaths at any time, seed %i', (seed) => {
  const started = natRun(seed);
  let { run } = started;
  const { random } = started;
  for (let i = 0; i < 300; i++) {
    stepNat(run, random);
    if (random.chance(0.05)) run = restart(run, random.below(2) * 1_000_000);
  }
  expect(run.flows.size).toBeGreaterThan(20);
});

const WEB = '203.0.113.7';
const there = (port: number) =>
  fromA(make.packet4({ from: A_IP, to: WEB, protocol: 17 }, make.udp(port, 99)));
const back = (port: number) =>
  fromRouter(make.packet4({ from: WEB, to: OUTER_IP, protocol: 17 }, make.udp(99, port)));

it('another outer address makes all connections void', () => {
  const scene = networkScene();
  scene.meet();
  scene.send(1, there(4000));
  const outside = { ...CONFIG.outside, ip4: make.ip4('192.0.2.3') };
  const next = networkScene({ state: scene.state, config: { ...CONFIG, outside } });
  next.meet();
  expect(next.send(OUTSIDE, back(4000))).toEqual([]);
});

it('a connection is as old for the next backend as it was for the last', () => {
  const scene = networkScene({ nowMs: 9_000_000 });
  scene.meet();
  scene.send(1, there(4000));
  scene.pass(20_000);
  for (const [more, want] of [
    [9000, 1],
    [12_000, 0],
  ] as const) {
    const state = memory(NETWORK_BYTES);
    state.words.set(scene.state.words);
    const next = networkScene({ state });
    next.pass(more);
    next.meet();
    expect(next.send(OUTSIDE, back(4000))).toHaveLength(want);
  }
});

it.each([1, 2, 3])('memory that was damaged is no harm, seed %i', (seed) => {
  const random = prng(seed);
  const scene = networkScene();
  scene.meet();
  for (let port = 4000; port < 4050; port++) scene.send(1, there(port));
  for (let i = 0; i < 40; i++) {
    const state = memory(NETWORK_BYTES);
    state.words.set(scene.state.words);
    const used = [...state.words.keys()].filter((word) => state.words[word] !== 0);
    for (let hits = 0; hits < 20; hits++) {
      const word = random.chance(0.9) ? random.pick(used) : random.below(state.words.length);
      const bit = random.chance(0.5) ? 1 << random.below(32) : random.next();
      state.words[word] = (state.words[word] as number) ^ bit;
    }
    const next = networkScene({ state });
    next.meet();
    let lost = 0;
    for (let port = 4000; port < 4050; port++) {
      const got = next.send(OUTSIDE, back(port));
      if (got.length === 0) lost++;
      else expect(got[0]?.[1].slice(44, 48)).toEqual([...make.be16(99), ...make.be16(port)]);
    }
    expect(next.send(1, there(5000))).toHaveLength(1);
    // A damaged header makes all void, a damaged entry itself.
    expect(lost === 50 || lost <= 20).toBe(true);
  }
});
