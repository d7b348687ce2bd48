/** A driver domain's journals outlive it; and what becomes of them when their keeper dies. */

import { expect, it } from 'vitest';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import { connected, type DriverScene, openDriverScene as open, PART } from './driver-scene.ts';

/** More than end at a time, in any order. */
const BURST = 16;

/** Writes that are asked for together, and a flush; `amid` happens before all are answered. */
async function burst(
  { front, host, memory, log }: DriverScene,
  random: Prng,
  byte: number,
  amid: () => void = () => {},
): Promise<void> {
  const { clock } = host.sim.dom0;
  front.data.region.bytes.fill(byte);
  const sectors = Array.from({ length: BURST }, (_, i) => 8 * ((byte * BURST + i) % 60));
  const asked = new Set(sectors.map((sector) => front.put('write', sector)));
  asked.add(front.put('flush', 0));
  const take = (): void => {
    for (const [id, status] of front.answers()) {
      expect([asked.delete(id), status], `the answer to ${id}`).toEqual([true, 0]);
    }
  };
  await host.sim.advance(random.below(40) / 10);
  take();
  amid();
  for (let waits = 0; asked.size > 0; waits++) {
    if (waits === 5000) throw new Error(`${[...asked]} are never answered:\n${log.join('\n')}`);
    await host.sim.run(clock.sleep(1));
    take();
  }
  for (const sector of sectors) expect(memory.bytes[(PART.first + sector) * 512]).toBe(byte);
}

/** Until nothing more is said to be lost, and all that moves has moved. */
const settle = ({ host }: DriverScene): Promise<void> => host.sim.advance(250);

const lost = ({ log }: DriverScene): readonly string[] =>
  log.filter((line) => /outlive/.test(line));

it('a keeper dies amid requests, and the next one’s journals have them', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = prng(seed);
    const scene = await open(seed, 'xvda:data');
    await connected(scene);
    for (let round = 1; round <= 5; round++) {
      await burst(scene, random, 3 * round, scene.keeperDies);
      const text = must(
        await scene.host.sim.run(scene.host.tools.readString(`${scene.back}/journal`)),
      );
      // Amid others' requests, it moves with all that is under way.
      await burst(scene, random, 3 * round + 1, () => void scene.keeperStarts());
      await settle(scene);
      const next = must(
        await scene.host.sim.run(scene.host.tools.readString(`${scene.back}/journal`)),
      );
      expect(next).not.toBe(text);
      await burst(scene, random, 3 * round + 2, scene.driverDies);
      await settle(scene);
    }
    expect(lost(scene)).toEqual([]);
    expect(scene.log.filter((line) => line.includes('memory of another keeper'))).toHaveLength(5);
    expect(scene.log.filter((line) => line.includes('went with a keeper'))).toHaveLength(5);
  }
});

/** The second of three keepers lives for so many steps: whether it lives on. */
async function diesAfter(steps: number): Promise<boolean> {
  const random = prng(500 + steps);
  const scene = await open(20 + (steps % 5), 'xvda:data');
  await connected(scene);
  await burst(scene, random, 1, scene.keeperDies);
  const second = scene.keeperStarts(steps);
  await burst(scene, random, 2);
  await settle(scene);
  const livesOn = second.isAlive();
  second.spare();
  if (!livesOn) await burst(scene, random, 3, () => void scene.keeperStarts());
  await settle(scene);
  for (let death = 1; death <= 2; death++) {
    await burst(scene, random, 3 + death, scene.driverDies);
    await settle(scene);
  }
  expect(lost(scene), `after ${steps} steps`).toEqual([]);
  return livesOn;
}

it.each([1, 2, 3, 4])(
  'a keeper that dies at any of its steps is followed by one that keeps all, from step %i on',
  async (first) => {
    let steps = first;
    while (!(await diesAfter(steps))) steps += 4;
    expect(steps).toBeGreaterThan(15);
  },
);

it('without a keeper a driver domain that dies serves on, and says what is not kept', async () => {
  const random = prng(9);
  const scene = await open(9, 'xvda:data');
  await connected(scene);
  await burst(scene, random, 1, scene.keeperDies);
  await settle(scene);
  scene.driverDies();
  await settle(scene);
  await burst(scene, random, 2);
  expect(lost(scene)).toEqual([
    expect.stringMatching(/^driver: .*no journal: .*: it will not outlive us$/),
  ]);
  expect(scene.log.join()).not.toContain('under way');
  // Its memory is moved to the journals of the next keeper like another keeper's.
  await burst(scene, random, 3, () => void scene.keeperStarts());
  await settle(scene);
  await burst(scene, random, 4, scene.driverDies);
  expect(lost(scene)).toHaveLength(1);
});

it('without a keeper requests under way are not guessed at: their guest waits', async () => {
  const scene = await open(10, 'xvda:data');
  const { front, host, memory } = scene;
  await connected(scene);
  memory.isAway = true;
  for (let i = 0; i < 4; i++) front.put('write', 8 * i);
  await settle(scene);
  scene.keeperDies();
  scene.driverDies();
  memory.isAway = false;
  await host.sim.advance(3000);
  expect(scene.log.at(-1)).toContain('requests are under way, and their journal is lost');
  expect(front.answers()).toEqual([]);
  // Nor does a keeper that comes later know better.
  scene.keeperStarts();
  scene.driverDies();
  await host.sim.advance(3000);
  expect(front.answers()).toEqual([]);
});

it('nodes that go with a driver domain leave its journals, which it finds again', async () => {
  for (let seed = 30; seed < 36; seed++) {
    const random = prng(seed);
    const scene = await open(seed, 'xvda:data');
    const { sim, tools } = scene.host;
    await connected(scene);
    const read = async (name: string) =>
      must(await sim.run(tools.readString(`${scene.back}/${name}`)));
    for (let round = 1; round <= 4; round++) {
      const journal = await read('journal');
      const permissions = must(await sim.run(tools.getPerms(scene.back)));
      const names = ['frontend', 'frontend-id', 'params', 'mode', 'online', 'state'];
      const nodes = [{ path: scene.back, value: '', permissions }];
      for (const name of names) {
        nodes.push({ path: `${scene.back}/${name}`, value: await read(name), permissions });
      }
      const vanish = async (): Promise<void> => {
        must(await tools.rm(scene.back));
        await sim.dom0.clock.sleep(random.below(100));
        must(await tools.writeAll(nodes));
        scene.driver.start();
      };
      await burst(scene, random, round, () => {
        scene.driver.kill();
        void vanish();
      });
      await settle(scene);
      expect([await read('state'), await read('journal')]).toEqual(['4', journal]);
    }
    expect(lost(scene)).toEqual([]);
  }
});
