/** A disk from its nodes to its rings, on the simulated host with a xenstored of ours. */

import { expect, it } from 'vitest';
import { must } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { readCounters } from '../../../shared/telemetry/blk-counters.ts';
import { connected, DEVICE, open, untilBack } from './device-scene.ts';

it('is offered, connected, and does what it is asked', async () => {
  const scene = await open();
  const { front, host, memory } = scene;
  await connected(scene);
  const size = await host.sim.run(host.tools.readString(`${scene.back}/sectors`));
  expect(must(size)).toBe('2048');
  front.data.region.bytes.fill(0x5a);
  expect(await host.sim.run(front.ask('write', 64))).toBe(0);
  expect(await host.sim.run(front.ask('flush', 0))).toBe(0);
  expect(memory.bytes[64 * 512]).toBe(0x5a);
  front.data.region.bytes.fill(0);
  expect(await host.sim.run(front.ask('read', 64))).toBe(0);
  expect(front.data.region.bytes[4095]).toBe(0x5a);
  expect(scene.log).toEqual([]);
});

it('whose backend dies is served on by the next, from the same rings', async () => {
  const scene = await open(2);
  const { front, host, memory } = scene;
  await connected(scene);
  for (let round = 1; round <= 8; round++) {
    front.data.region.bytes.fill(round);
    const asked = host.sim.run(front.ask('write', 8 * round));
    scene.die();
    expect(await asked).toBe(0);
    expect(memory.bytes[8 * round * 512]).toBe(round);
    expect(await scene.backState()).toBe('4');
  }
});

it('whose journal is damaged waits, and is looked at now and then', async () => {
  const scene = await open(2);
  const { host, kept, guest, store } = scene;
  await connected(scene);
  const journal = kept.get(`vbd-${guest.domid}-${DEVICE}-0`) as Region;
  journal.words[1] = 1;
  scene.die();
  const before = store.requests;
  await host.sim.advance(2000);
  expect([await scene.backState(), scene.log]).toEqual([
    '4',
    [expect.stringContaining('its journal is damaged')],
  ]);
  // A few requests each time, five times a second.
  expect(store.requests - before).toBeLessThan(500);
});

it('that closes and comes again is served anew', async () => {
  const scene = await open(3);
  const { front, host } = scene;
  await connected(scene);
  await host.sim.run(front.setState(5));
  await untilBack(scene, '5');
  await host.sim.run(front.setState(6));
  await untilBack(scene, '6');
  await host.sim.run(front.setState(1));
  await untilBack(scene, '2');
});

it('disk trap 8: that closes amid an operation is closed when that has ended', async () => {
  const scene = await open(8);
  const { front, host, memory } = scene;
  await connected(scene);
  front.data.region.bytes.fill(0x77);
  const { step } = memory;
  memory.step = () => {};
  front.put('write', 8);
  await host.sim.run(host.sim.dom0.clock.sleep(1));
  await host.sim.run(front.setState(5));
  await host.sim.run(host.sim.dom0.clock.sleep(10));
  expect(await scene.backState()).toBe('4');
  memory.step = step;
  await untilBack(scene, '5');
  expect(memory.bytes[8 * 512]).toBe(0x77);
});

it('disk trap 8; XSA-350: that lies and comes again waits until that has ended', async () => {
  const scene = await open(9);
  const { front, host, memory, guest } = scene;
  await connected(scene);
  const { step } = memory;
  memory.step = () => {};
  front.put('write', 8);
  await host.sim.run(host.sim.dom0.clock.sleep(1));
  front.ring.region.words[0] = 0x4000_0000;
  host.sim.platform(guest.domid).events.notify(front.port);
  await host.sim.run(host.sim.dom0.clock.sleep(1));
  expect(scene.log).toEqual([expect.stringContaining('impossible')]);
  for (const state of [5, 6, 1]) await host.sim.run(front.setState(state));
  await host.sim.run(host.sim.dom0.clock.sleep(50));
  // Else its memory were the next one's.
  expect(await scene.backState()).toBe('4');
  memory.step = step;
  await untilBack(scene, '2');
});

it('waits for what is behind it', async () => {
  const scene = await open(4);
  scene.isAway = true;
  await scene.host.sim.run(scene.host.sim.dom0.clock.sleep(1000));
  scene.isAway = false;
  await connected(scene);
  expect(await scene.host.sim.run(scene.front.ask('read', 0))).toBe(0);
});

it('that is gone while its disk is being opened does not wait for it, and closes it', async () => {
  const scene = await open(5);
  const { sim } = scene.host;
  let arrive = (): void => {};
  scene.die();
  scene.opening = new Promise((resolve) => {
    arrive = resolve;
  });
  await sim.run(sim.dom0.clock.sleep(100));
  const before = scene.opened;
  await sim.run(scene.close(true));
  expect([scene.opened, scene.closed]).toEqual([before, 0]);
  arrive();
  await sim.run(sim.dom0.clock.sleep(100));
  expect([scene.opened - before, scene.closed]).toEqual([1, 1]);
});

it('whose disk does not answer lets its guest go, and is opened anew for the next', async () => {
  const scene = await open(6);
  const { front, host, memory } = scene;
  const { sim } = host;
  await connected(scene);
  memory.isAway = true;
  void front.ask('write', 64);
  void front.ask('flush', 0);
  await sim.run(sim.dom0.clock.sleep(10));
  await sim.run(front.setState(5));
  await sim.run(sim.dom0.clock.sleep(3000));
  await untilBack(scene, '5');
  await sim.run(front.setState(6));
  await untilBack(scene, '6');
  expect([scene.opened, scene.closed]).toEqual([2, 1]);
  memory.isAway = false;
  await sim.run(front.setState(1));
  await untilBack(scene, '2');
});

it('frontend trap 3: that is not closed for good waits for its disk', async () => {
  const scene = await open(7);
  const { front, host, memory } = scene;
  const { sim } = host;
  await connected(scene);
  memory.isAway = true;
  front.data.region.bytes.fill(0x77);
  const asked = front.ask('write', 64);
  await sim.run(sim.dom0.clock.sleep(10));
  let isClosed = false;
  void scene.close(false).then(() => {
    isClosed = true;
  });
  await sim.run(sim.dom0.clock.sleep(5000));
  expect(isClosed).toBe(false);
  memory.isAway = false;
  expect(await sim.run(asked)).toBe(0);
  expect(memory.bytes[64 * 512]).toBe(0x77);
});

it('may do as much as its nodes say', async () => {
  const scene = await open(5, { 'xtl-rate-iops': 100 });
  const { front, host } = scene;
  await connected(scene);
  const { clock } = host.sim.dom0;
  const begun = clock.nowMs();
  for (let i = 0; i < 60; i++) expect(await host.sim.run(front.ask('read', 8 * i))).toBe(0);
  // Ten of them at once.
  expect(clock.nowMs() - begun).toBeGreaterThan(490);
  expect(clock.nowMs() - begun).toBeLessThan(700);
});

it('whose rate is none is not served', async () => {
  const scene = await open(6, { 'xtl-rate-bytes': -1 });
  await scene.host.sim.run(scene.host.sim.dom0.clock.sleep(100));
  expect(scene.log).toEqual([expect.stringContaining("'-1', no rate")]);
});

it('is counted on by the next backend', async () => {
  const scene = await open(7);
  const { front, host, kept, guest } = scene;
  await connected(scene);
  const read = () => {
    const page = kept.get(`vbd-${guest.domid}-${DEVICE}.stats`);
    return must(readCounters(page as Region));
  };
  for (let i = 0; i < 5; i++) await host.sim.run(front.ask('write', 8 * i));
  const before = read();
  expect(before.kinds.write).toEqual({ requests: 5, bytes: 5 * 4096, errors: 0 });
  expect(before).toMatchObject({ domid: guest.domid, uniqueId: 7n, device: DEVICE, repeated: 0 });
  // This frontend looks by itself, and asks for the first event only.
  expect(before.eventsSent).toBe(1);
  expect(before.eventsReceived).toBeGreaterThanOrEqual(5);
  scene.die();
  for (let i = 0; i < 5; i++) await host.sim.run(front.ask('read', 8 * i));
  const after = read();
  expect([after.kinds.write.requests, after.kinds.read.requests]).toEqual([5, 5]);
  expect(after.turns).toBeGreaterThan(before.turns);
});

it('that was removed and made anew at once is what it was made of', async () => {
  const scene = await open(10);
  const { front, host } = scene;
  await connected(scene);
  expect(await host.sim.run(front.ask('write', 8))).toBe(0);
  await scene.remake('/other');
  await untilBack(scene, '2');
  expect([scene.params, scene.opened, scene.closed]).toEqual(['/other', 2, 1]);
});

it('so is one that was made anew while what is behind it was being opened', async () => {
  const scene = await open(11);
  const { sim } = scene.host;
  let arrive = (): void => {};
  scene.die();
  scene.opening = new Promise((resolve) => {
    arrive = resolve;
  });
  await sim.run(sim.dom0.clock.sleep(100));
  await scene.remake('/other');
  arrive();
  await untilBack(scene, '2');
  expect(scene.params).toBe('/other');
  expect(scene.log.join()).not.toContain('medium');
});
