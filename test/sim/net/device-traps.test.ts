/** Frontends that lie about themselves, or come and go in the wrong moment. */

import { describe, expect, it } from 'vitest';
import { must } from '../../../shared/core/result.ts';
import { connected, open, pass, type Scene, untilBack } from './device-scene.ts';
import { unknown } from './frames.ts';
import { firstQueue, LINUX } from './front.ts';
import { publishSent, send } from './guest.ts';

const errorOf = async ({ host: { sim, tools }, back }: Scene): Promise<string> => {
  const [, , , , ...rest] = back.split('/');
  const path = `/local/domain/0/error/${rest.join('/')}/error`;
  return must(await sim.run(tools.readString(path)));
};

/** Offers its rings with these nodes in place of what they were. */
async function offerWith(scene: Scene, more: Readonly<Record<string, string>>): Promise<void> {
  await untilBack(scene, '2');
  await scene.host.sim.run(scene.front.offer(4, more));
}

describe('is refused, with a reason in the store and in the log:', () => {
  it.each([
    ['no queue at all, E3.7', { 'multi-queue-num-queues': '0' }, '0 queues'],
    ['more queues than there are, E3.7', { 'multi-queue-num-queues': '5' }, '5 queues'],
    ['a number that is none', { 'multi-queue-num-queues': 'many' }, 'no number'],
    ['queues without their keys, E3.7', { 'multi-queue-num-queues': '2' }, 'is missing'],
    ['a page that is flipped', { 'request-rx-copy': '0' }, 'request-rx-copy'],
    ['a page that is not granted', { 'tx-ring-ref': '4095' }, ''],
    ['a page of 2^32 - 1', { 'rx-ring-ref': '4294967295' }, ''],
    ['a page beyond all pages', { 'rx-ring-ref': '4294967296' }, 'no number'],
    ['a port that is not offered', { 'event-channel': '999' }, ''],
    ['a control ring without a port', { 'ctrl-ring-ref': '9' }, 'event-channel-ctrl is missing'],
  ])('%s', async (_, more, why) => {
    const scene = await open(1);
    await offerWith(scene, more);
    await untilBack(scene, '5');
    expect(await errorOf(scene)).toContain(why);
    expect(scene.log.at(-1)).toContain(await errorOf(scene));
    // Its frontend closes, and may come again.
    const { sim } = scene.host;
    for (const state of [5, 6, 1]) await sim.run(scene.front.setState(state));
    await sim.run(scene.front.remove('ctrl-ring-ref')).catch(() => {});
    await sim.run(scene.front.remove('multi-queue-num-queues')).catch(() => {});
    await connected(scene);
  });
});

it('keys that are left of another kernel’s queues are nobody’s, E3.7', async () => {
  const scene = await open(2);
  const left = { 'queue-0/tx-ring-ref': '1', 'queue-0/rx-ring-ref': '1', 'queue-1/x': '' };
  await offerWith(scene, left);
  await untilBack(scene, '4');
});

it('a ring that lies costs its vif, and no other one', async () => {
  const scene = await open(3);
  await connected(scene);
  firstQueue(scene.front).send.region.words[0] = 0x4000_0000;
  scene.front.kick();
  await untilBack(scene, '5');
  expect(await errorOf(scene)).toBe('the indices of a ring are impossible');
  // It is not served before it has closed.
  await pass(scene, 500);
  expect(await scene.read('state')).toBe('5');
});

// XSA-332: who tells all the time is not heard before its turn has been.
it('a storm of events is a turn at a time', async () => {
  const scene = await open(4);
  await connected(scene);
  const { sim } = scene.host;
  const before = sim.trace.length;
  scene.turnMs = 10;
  for (let i = 0; i < 1000; i++) {
    scene.front.kick();
    if (i % 20 === 0) await pass(scene, 1);
  }
  const unmasked = sim.trace.slice(before).filter((line) => line.includes('events.unmask'));
  expect(unmasked.length).toBeGreaterThan(3);
  expect(unmasked.length).toBeLessThan(7);
});

// XSA-349: what has changed is one look more, however often it has.
it('a storm of changes in its nodes is a look at a time', async () => {
  const scene = await open(6);
  await connected(scene);
  const { sim } = scene.host;
  const one = scene.reads;
  await sim.run(scene.front.write('request-multicast-control', '1'));
  await pass(scene, 20);
  const perLook = scene.reads - one;
  const writes = Array.from({ length: 300 }, (_, i) =>
    scene.front.write('request-multicast-control', String(i % 2)),
  );
  const before = scene.reads;
  await sim.run(Promise.all(writes));
  await pass(scene, 50);
  expect(perLook).toBeGreaterThan(3);
  expect(scene.reads - before).toBeLessThan(150 * perLook);
});

// XSA-350, 374: what is under way while a frontend goes and comes must not be anybody else's.
it.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'a frontend that goes and comes amid its frames, seed %i',
  async (seed) => {
    const scene = await open(100 + seed);
    const { sim } = scene.host;
    let { front } = scene;
    await connected(scene);
    for (let round = 0; round < 4; round++) {
      const queue = firstQueue(front);
      for (let i = 0; i < 20; i++) send(front.guest, queue, unknown([i, i, i, i]));
      publishSent(queue);
      front.kick();
      if ((seed + round) % 3 === 0) scene.die();
      if ((seed + round) % 2 === 0) await pass(scene, 0.1 * seed);
      const states = seed % 4 === 0 ? [6, 1] : [5, 6, 1];
      for (const state of states) await sim.run(front.setState(state));
      front = scene.again({ features: LINUX });
      await pass(scene, 30);
      await untilBack(scene, '2');
      await connected(scene, front);
    }
    expect(scene.log.filter((line) => line.includes('impossible'))).toEqual([]);
  },
);

it('one whose domain is gone is closed, whatever its nodes say', async () => {
  const scene = await open(5);
  await connected(scene);
  scene.isGone = true;
  await scene.tell('online', '0');
  await scene.tell('state', '5');
  await untilBack(scene, '6');
});
