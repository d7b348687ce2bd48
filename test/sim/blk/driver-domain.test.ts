/** A guest whose disk a driver domain serves, whose own disk dom0 serves. */

import { expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import { connected, openDriverScene as open, PART, SECTORS, untilBack } from './driver-scene.ts';

it.each([
  ['xvda', 0, SECTORS],
  ['xvda2', PART.first, PART.last - PART.first + 1],
  ['xvda:data', PART.first, PART.last - PART.first + 1],
])('is served %s', async (params, first, sectors) => {
  const scene = await open(1, params);
  const { host, front, memory } = scene;
  await connected(scene);
  const size = await host.sim.run(host.tools.readString(`${scene.back}/sectors`));
  expect(must(size)).toBe(String(sectors));
  front.data.region.bytes.fill(0x5a);
  expect(await host.sim.run(front.ask('write', 96))).toBe(0);
  expect(await host.sim.run(front.ask('flush', 0))).toBe(0);
  expect([memory.bytes[(first + 96) * 512], memory.flushes]).toEqual([0x5a, 1]);
  front.data.region.bytes.fill(0);
  expect(await host.sim.run(front.ask('read', 96))).toBe(0);
  expect(front.data.region.bytes[4095]).toBe(0x5a);
  // The last page, and one that is not wholly there.
  expect(await host.sim.run(front.ask('write', sectors - 8))).toBe(0);
  expect(await host.sim.run(front.ask('write', sectors - 7))).toBe(-1);
});

it.each([
  ['xvdb', 'this domain has no disk xvdb'],
  ['xvda7', 'xvda has no partition 7'],
  ['xvda:none', 'xvda has no partition ‘none’'.replace(/[‘’]/g, "'")],
  ['/etc/passwd', 'names no disk of a driver domain'],
])('is told why not: %s', async (params, why) => {
  const scene = await open(2, params);
  await scene.host.sim.run(scene.host.sim.dom0.clock.sleep(3000));
  expect(scene.log.join('\n')).toContain(why);
  const [, , , self, ...rest] = scene.back.split('/');
  const error = `/local/domain/${self}/error/${rest.join('/')}/error`;
  const said = await scene.host.sim.run(scene.host.tools.readString(error));
  expect(must(said)).toContain(why);
});

it.each([
  ['the driver domain', 'driverDies' as const],
  ['dom0’s backend', 'upstreamDies' as const],
])('does not notice that %s dies', async (_, dies) => {
  for (let seed = 10; seed < 16; seed++) {
    const random = prng(seed);
    const scene = await open(seed, 'xvda:data');
    const { front, host, memory } = scene;
    await connected(scene);
    for (let round = 1; round <= 6; round++) {
      front.data.region.bytes.fill(round);
      const asked = host.sim.run(front.ask('write', 8 * round));
      await host.sim.advance(random.below(30) / 10);
      scene[dies]();
      expect(await asked).toBe(0);
      expect(memory.bytes[(PART.first + 8 * round) * 512]).toBe(round);
      await untilBack(scene, '4');
    }
    expect(scene.log.filter((line) => /outlive|keeper/.test(line))).toEqual([
      'keeper: blkback: runs already, and is watched',
    ]);
  }
});
