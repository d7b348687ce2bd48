/**
 * What a guest does to a disk of its own that it may do at any time, again and again; the numbers
 * are those of the table in drivers/blkback/traps.md.
 */

import { expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { readCounters } from '../../../shared/telemetry/blk-counters.ts';
import { connected, DEVICE, open, type Scene, untilBack } from './device-scene.ts';

const counters = ({ kept, guest }: Scene) =>
  must(readCounters(kept.get(`vbd-${guest.domid}-${DEVICE}.stats`) as Region));

it('ring trap 6; XSA-332, XSA-391: a storm of events is one, until its turn is over', async () => {
  const scene = await open(21);
  const { front, host, guest } = scene;
  await connected(scene);
  const { notify } = host.sim.platform(guest.domid).events;
  const storm = (): void => {
    for (let i = 0; i < 1000; i++) notify(front.port);
  };
  const before = counters(scene);
  scene.turnsWaitMs = 5;
  storm();
  await host.sim.advance(1);
  expect(await host.sim.run(front.ask('write', 8))).toBe(0);
  const after = counters(scene);
  // One that was heard, and one that came before its port was open again; and the write's own.
  expect(after.eventsReceived - before.eventsReceived).toBeLessThanOrEqual(3);
  storm();
  await host.sim.run(front.setState(5));
  storm();
  await untilBack(scene, '5');
  storm();
  await host.sim.advance(10);
  expect(scene.log).toEqual([]);
});

it('XSA-349: nodes that change all the time are looked at one look after the other', async () => {
  const scene = await open(22);
  const { front, host, guest, store } = scene;
  await connected(scene);
  const state = `/local/domain/${guest.domid}/device/vbd/${DEVICE}/state`;
  const before = store.requests;
  const writes = 3000;
  const nodes = Array.from({ length: writes }, (_, i) => ({
    path: i % 2 === 0 ? state : `${state}/${i % 200}`,
    value: '4',
  }));
  must(await host.sim.run(host.tools.writeAll(nodes)));
  await host.sim.advance(50);
  // Each look has four requests: few writes have one of their own.
  expect(store.requests - before).toBeLessThan(writes / 5);
  expect(await host.sim.run(front.ask('read', 8))).toBe(0);
  expect([await scene.backState(), scene.log]).toEqual(['4', []]);
});

it.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'XSA-350, XSA-374: a frontend that comes and goes leaves nothing, seed %i',
  async (seed) => {
    const random = prng(3000 + seed);
    const scene = await open(30 + seed);
    const { front, host, guest } = scene;
    const { sim } = host;
    const { notify } = sim.platform(guest.domid).events;
    const held = () => sim.leaks().filter((line) => /grant .* of d|mapped/.test(line));
    await untilBack(scene, '2');
    const before = held();
    for (let round = 0; round < 20; round++) {
      await sim.run(front.offer());
      await sim.run(front.setState(3));
      await sim.advance(random.below(8));
      front.put('write', 8 * random.below(100));
      if (random.chance(0.3)) scene.die();
      if (random.chance(0.5)) await sim.advance(random.below(20) / 10);
      notify(front.port);
      // Some close as they should, and some begin anew at once.
      for (const state of random.pick([[5, 6, 1], [6, 1], [1], [5, 1]])) {
        await sim.run(front.setState(state));
        notify(front.port);
        await sim.advance(random.below(4));
      }
      // A ring that begins.
      front.begin();
    }
    await untilBack(scene, '2');
    await sim.advance(20);
    expect(held()).toEqual(before);
    await connected(scene);
    expect(await sim.run(front.ask('write', 8))).toBe(0);
  },
);
