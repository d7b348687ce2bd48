/** Backends of other builds: what they left and promised is gone on with, or refused by name. */

import { expect, it } from 'vitest';
import { JOURNAL_VERSION } from '../../../drivers/blkback/core/identity.ts';
import { must } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { connected, DEVICE, open, type Scene } from './device-scene.ts';

/** As identity.ts lays it out: a sum over the words behind it, the second of them the version. */
const SUM = 2;
const COUNT = 3;
const FIRST = 4;

function journalOf({ kept, guest }: Scene): Int32Array {
  return (kept.get(`vbd-${guest.domid}-${DEVICE}-0`) as Region).words;
}

/** As a build that has this version would have claimed it. */
function setVersion(words: Int32Array, version: number): void {
  words[FIRST + 1] = version;
  const count = words[COUNT] as number;
  let sum = (words[FIRST] as number) ^ count;
  for (let i = 0; i < count; i++) sum = ((sum << 5) | (sum >>> 27)) ^ (words[FIRST + i] as number);
  words[SUM] = sum;
}

it.each([JOURNAL_VERSION - 1, JOURNAL_VERSION + 1])(
  'a journal of version %i is refused, and its own build goes on with it',
  async (version) => {
    const scene = await open(20 + version);
    const { front, host, memory } = scene;
    const { sim } = host;
    await connected(scene);
    const { step } = memory;
    memory.step = () => {};
    front.data.region.bytes.fill(0x33);
    let answers = 0;
    const asked = sim.run(front.ask('write', 8)).finally(() => answers++);
    await sim.run(sim.dom0.clock.sleep(5));
    setVersion(journalOf(scene), version);
    scene.die();
    memory.step = step;
    await sim.run(sim.dom0.clock.sleep(2000));
    expect(scene.log).toEqual([
      expect.stringMatching(`journal is of version ${version}, and .* knows ${JOURNAL_VERSION}`),
    ]);
    // Its guest waits, and sees nothing.
    expect([await scene.backState(), answers]).toEqual(['4', 0]);
    setVersion(journalOf(scene), JOURNAL_VERSION);
    scene.die();
    expect(await asked).toBe(0);
    expect(memory.bytes[8 * 512]).toBe(0x33);
  },
);

const promise = ({ host, back }: Scene, name: string, value: number): Promise<void> =>
  host.sim.run(host.tools.write(`${back}/${name}`, String(value))).then(must);

it.each([
  ['feature-max-indirect-segments', 512, 256],
  ['discard-secure', 1, 0],
  ['sector-size', 4096, 512],
])('a predecessor’s %s %i is missed, where there is %i', async (name, before, now) => {
  const scene = await open(30);
  const { front, host } = scene;
  const { sim } = host;
  await connected(scene);
  await promise(scene, name, before);
  scene.die();
  const asked = sim.run(front.ask('read', 0));
  await sim.run(sim.dom0.clock.sleep(1000));
  expect(scene.log).toEqual([
    expect.stringContaining(`its last backend had ${name} ${before}, and has ${now}`),
  ]);
  await promise(scene, name, now);
  expect(await asked).toBe(0);
});

it.each([
  ['feature-max-indirect-segments', 32],
  ['feature-flush-cache', 0],
  ['feature-discard', 0],
  ['feature-persistent', 1],
])('a predecessor’s %s %i is no reason to refuse', async (name, before) => {
  const scene = await open(31);
  await connected(scene);
  await promise(scene, name, before);
  scene.die();
  expect(await scene.host.sim.run(scene.front.ask('read', 0))).toBe(0);
  expect(scene.log).toEqual([expect.stringContaining(': goes on after ')]);
});
