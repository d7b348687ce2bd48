/** A vif from its nodes to its rings, on the simulated host with a xenstored of ours. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { readNetCounters } from '../../../shared/telemetry/net-counters.ts';
import { ask, told } from './control.ts';
import { connected, open, pass, type Scene, untilBack } from './device-scene.ts';
import { digest, someFrame, unknown } from './frames.ts';
import { type Front, firstQueue, LINUX } from './front.ts';
import { offer, publishSent, send, takeAnswers } from './guest.ts';
import { plain } from './memory-link.ts';
import { takeReceived } from './received.ts';

const random = prng(9);

/** Sends a frame, and gets one: both arrive. */
async function works(scene: Scene, front: Front = scene.front): Promise<void> {
  const queue = firstQueue(front);
  const [out, back] = [someFrame(random, 1500), someFrame(random, 6000)];
  offer(front.guest, queue, 64);
  send(front.guest, queue, out);
  publishSent(queue);
  front.kick();
  scene.link.receive(plain(back));
  const before = scene.link.sent.length;
  const got: (string | undefined)[] = [];
  for (let tries = 0; tries < 100 && (got.length === 0 || queue.sent.size > 0); tries++) {
    await pass(scene, 1);
    takeAnswers(front.guest, queue);
    const frames = takeReceived(front.guest, queue).map((each) => digest(each?.frame));
    got.push(...frames.filter((each) => each !== undefined));
  }
  expect(got).toEqual([digest(back)]);
  expect(scene.link.sent.slice(before).map(digest)).toEqual([digest(plain(out))]);
}

it('is offered, connected, and passes frames both ways', async () => {
  const scene = await open();
  await connected(scene);
  expect(await scene.read('feature-rx-copy')).toBe('1');
  expect(await scene.read('multi-queue-max-queues')).toBe('4');
  await works(scene);
  const { domid } = scene.guest;
  expect(scene.log).toEqual([`/local/domain/0/backend/vif/${domid}/0: served`]);
  const counts = must(readNetCounters(scene.kept.get(`vif-${domid}-0.stats`) as Region)).counts;
  expect([counts.fromFrames, counts.toFrames]).toEqual([1, 1]);
});

it.each([
  ['many queues', { queues: 3 }],
  ['events of their own for each ring', { isSplit: true }],
  ['many queues with events of their own', { queues: 4, isSplit: true, hasControl: true }],
  ['no ability at all', { features: { 'request-rx-copy': '1', 'feature-sg': '1' } }],
])('serves a frontend with %s', async (_, front) => {
  const scene = await open(2, { front });
  await connected(scene);
  await works(scene);
});

it('does what is asked on the control ring', async () => {
  const scene = await open(3, { front: { hasControl: true } });
  await connected(scene);
  ask(scene.front.guest, 4);
  scene.host.sim.platform(scene.guest.domid).events.notify(scene.front.controlPort);
  await pass(scene, 2);
  expect(told(scene.front.guest)).toEqual([{ id: 0, type: 4, status: 0, data: 128 }]);
});

describe('whose backend dies', () => {
  it('is served on by the next, from the same rings, and says 4 all the time', async () => {
    const scene = await open(4, { front: { queues: 2, isSplit: true, hasControl: true } });
    await connected(scene);
    for (let round = 0; round < 6; round++) {
      await works(scene);
      scene.die();
      await pass(scene, 20);
    }
    await works(scene);
    expect(scene.states).toEqual(['1', '2', '4']);
    expect(scene.closed).toEqual([]);
  });

  it('hears of what was answered unseen', async () => {
    const scene = await open(5);
    await connected(scene);
    const { front } = scene;
    const queue = firstQueue(front);
    for (let i = 0; i < 10; i++) send(front.guest, queue, someFrame(random, 100));
    publishSent(queue);
    scene.die();
    await pass(scene, 20);
    takeAnswers(front.guest, queue);
    expect([queue.sent.size, scene.link.sent.length]).toEqual([0, 10]);
  });

  it('waits for the port that the last one still has', async () => {
    const scene = await open(6);
    await connected(scene);
    await scene.close();
    expect(scene.closed).toEqual(['for a while']);
    await works(await restarted(scene));
  });
});

/** A process that ends by itself, and the next one. */
async function restarted(scene: Scene): Promise<Scene> {
  scene.die();
  await pass(scene, 20);
  return scene;
}

it('that closes and comes again is served anew', async () => {
  const scene = await open(7);
  const { host, front } = scene;
  await connected(scene);
  await host.sim.run(front.setState(5));
  await untilBack(scene, '5');
  await host.sim.run(front.setState(6));
  await untilBack(scene, '6');
  await host.sim.run(front.setState(1));
  const next = scene.again();
  await connected(scene, next);
  await works(scene, next);
});

// win-xenvif's frontend.c @ 14892e7: it closes whatever there is, first of all.
it('of Windows goes round once, and is never told 3, 7 or 8', async () => {
  const scene = await open(8, { front: { hasControl: true, isSplit: true } });
  const { sim } = scene.host;
  await connected(scene);
  const next = scene.again({ hasControl: true, isSplit: true });
  await sim.run(next.setState(5));
  await untilBack(scene, '5');
  await sim.run(next.setState(6));
  await untilBack(scene, '6');
  await sim.run(next.setState(1));
  await untilBack(scene, '2');
  await sim.run(next.offer(4, { 'multi-queue-num-queues': '1' }));
  await untilBack(scene, '4');
  await works(scene, next);
  expect(scene.states.filter((state) => ['3', '7', '8'].includes(state))).toEqual([]);
});

// if_xennet_xenbus.c of NetBSD panics at 6, 7 and 8, and where the node is gone.
it('of NetBSD is told nothing but 2, 4 and 5 as long as it runs', async () => {
  const scene = await open(9, { front: { features: { ...LINUX, 'feature-gso-tcpv4': '0' } } });
  await connected(scene);
  await works(scene);
  scene.die();
  await pass(scene, 20);
  await works(scene);
  await scene.tell('online', '0');
  await scene.tell('state', '5');
  await pass(scene, 50);
  expect(scene.states).toEqual(['1', '2', '4', '5']);
});

it('that comes with other rings, its close unseen, is served with those', async () => {
  const scene = await open(10);
  await connected(scene);
  const next = scene.again();
  await scene.host.sim.run(next.offer(4));
  await pass(scene, 20);
  await untilBack(scene, '4');
  await works(scene, next);
});

describe('a script', () => {
  it('is waited for before the frontend is connected, and not before it is offered', async () => {
    const scene = await open(11, { nodes: { 'hotplug-status': '' } });
    await untilBack(scene, '2');
    expect(scene.opened).toBe(1);
    await scene.host.sim.run(scene.front.offer(4));
    await pass(scene, 100);
    expect(await scene.read('state')).toBe('2');
    await scene.tell('hotplug-status', 'connected');
    await untilBack(scene, '4');
    await works(scene);
  });

  it('that fails leaves it as it is', async () => {
    const scene = await open(12, { nodes: { 'hotplug-status': '' } });
    await untilBack(scene, '2');
    await scene.host.sim.run(scene.front.offer(4));
    await scene.tell('hotplug-status', 'error');
    await pass(scene, 100);
    expect(await scene.read('state')).toBe('2');
  });
});

it('waits for what is behind it, and says why', async () => {
  const scene = await open(13);
  scene.isAway = true;
  scene.die();
  await pass(scene, 1000);
  expect(scene.log.at(-1)).toContain('somebody has it');
  scene.isAway = false;
  await connected(scene);
  await works(scene);
});

it('that is removed goes with all that there was of it', async () => {
  const scene = await open(14);
  const { sim, tools } = scene.host;
  await connected(scene);
  const before = scene.kept.size;
  must(await sim.run(tools.rm(scene.back)));
  await pass(scene, 50);
  expect([before, scene.kept.size, scene.closed]).toEqual([2, 0, ['for ever']]);
});

it('asks for the multicast that it wants at any time', async () => {
  const scene = await open(15);
  const { front, link, host } = scene;
  await connected(scene);
  const queue = firstQueue(front);
  offer(front.guest, queue, 64);
  const got = async (): Promise<number> => {
    link.receive(plain(unknown([1, 2, 3, 4], '01:00:5e:00:00:fb')));
    front.kick();
    await pass(scene, 5);
    return takeReceived(front.guest, queue).length;
  };
  expect(await got()).toBe(1);
  await host.sim.run(front.write('request-multicast-control', '1'));
  await pass(scene, 20);
  expect(await got()).toBe(0);
  await host.sim.run(front.write('request-multicast-control', '0'));
  await pass(scene, 20);
  expect(await got()).toBe(1);
});
