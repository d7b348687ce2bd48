/** What a guest may send: `rate` of its vif, in virtual time. */

import { expect, it } from 'vitest';
import { connected, open, pass, type Scene } from './device-scene.ts';
import { unknown } from './frames.ts';
import { firstQueue } from './front.ts';
import { publishSent, send, takeAnswers } from './guest.ts';

const FRAME = unknown(new Array(986).fill(7));

/** Sends as fast as the ring lets it, for so long; how many bytes have gone out. */
async function flood(scene: Scene, ms: number): Promise<number> {
  const { front, link } = scene;
  const queue = firstQueue(front);
  const before = link.sent.length;
  for (let now = 0; now < ms; now++) {
    while (send(front.guest, queue, FRAME)) {}
    if (publishSent(queue)) front.kick();
    await pass(scene, 1);
    takeAnswers(front.guest, queue);
  }
  return (link.sent.length - before) * FRAME.length;
}

it('a guest sends 128 KiB at once, and then at its rate, with all of its packets', async () => {
  const scene = await open(1, { nodes: { rate: '50000,50000' } });
  await connected(scene);
  const first = await flood(scene, 20);
  expect(first).toBeGreaterThanOrEqual(131_000);
  expect(first).toBeLessThanOrEqual(131_072 + 22 * 1000);
  const next = await flood(scene, 500);
  expect(next).toBeGreaterThanOrEqual(495_000);
  expect(next).toBeLessThanOrEqual(505_000);
  // What waits is not lost, and needs no event.
  await pass(scene, 400);
  const queue = firstQueue(scene.front);
  takeAnswers(scene.front.guest, queue);
  expect([queue.sent.size, new Set(queue.answers)]).toEqual([0, new Set([0])]);
});

it('a rate that is changed holds at once, also for what waits', async () => {
  const scene = await open(1, { nodes: { rate: '50000,50000' } });
  await connected(scene);
  await flood(scene, 200);
  await scene.tell('rate', '500000,50000');
  // With a burst that is full again.
  expect(await flood(scene, 100)).toBeGreaterThan(1_000_000);
  await scene.tell('rate', '0,0');
  expect(await flood(scene, 50)).toBeGreaterThan(2_000_000);
});

it.each([
  ['none', {}],
  ['one that makes no sense', { rate: 'fast' }],
  ['one of no bytes', { rate: '0,50000' }],
])('with a rate of %s it sends what it can', async (_, nodes) => {
  const scene = await open(1, { nodes });
  await connected(scene);
  expect(await flood(scene, 50)).toBeGreaterThan(1_000_000);
});
