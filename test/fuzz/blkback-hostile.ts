/** A guest that writes anything at all to its rings and pages, to a backend that dies, too. */

import { equal, ok } from 'node:assert/strict';
import { isIdle } from '../../drivers/blkback/core/disk.ts';
import { turn } from '../../drivers/blkback/core/turn.ts';
import { type Prng, prng } from '../../shared/core/prng.ts';
import {
  nextRequest,
  publishRequests,
  requestRoom,
  takeResponses,
} from '../../shared/ring/io-ring.ts';
import { diesAt } from '../sim/blk/deaths.ts';
import type { GuestQueue } from '../sim/blk/guest.ts';
import { expectIdle, type World as Scene, tryTakeOver } from '../sim/blk/world.ts';
import { randomScene } from './blkback-ring.ts';
import type { World } from './target.ts';

const ATTEMPTS = 99;
const STORES = 300;
/** References that a guest names; it has granted the first of them. */
const GREFS = 40;
const GRANTED = 30;

const answers = new Int32Array(28 * 64);

/** A number as a field of a request has it: small, large, or anything. */
function anyField(random: Prng): number {
  return random.pick([
    ...[random.below(16), random.below(4096), random.below(256)],
    ...[random.next(), 0, 0xffff_ffff, 0x7fff_ffff],
  ]);
}

/** A slot that looks like a request in most of its words. */
function fillSlot(
  { guest: { protocol } }: Scene,
  queue: GuestQueue,
  at: number,
  random: Prng,
): void {
  const { words } = queue.region;
  const isIndirect = random.chance(0.3);
  const count = random.chance(0.8) ? random.below(13) : random.below(300);
  const operation = random.chance(0.9) ? random.below(7) : random.below(256);
  words[at] = isIndirect ? 6 | (operation << 8) | (count << 16) : operation | (count << 8);
  for (let i = 1; i < protocol.slotBytes / 4; i++) {
    words[at + i] = random.chance(0.7) ? random.below(GREFS) : anyField(random);
  }
  words[at + protocol.sectorWord] = random.chance(0.8) ? random.below(4096) : anyField(random);
  words[at + protocol.sectorWord + 1] = random.chance(0.9) ? 0 : anyField(random);
  for (let i = protocol.restWord; !isIndirect && i + 1 < protocol.slotBytes / 4; i += 2) {
    words[at + i] = random.below(GREFS);
    words[at + i + 1] = random.chance(0.8) ? random.below(8) << 8 : anyField(random);
  }
}

/** What it does to memory that it shares, at any time. */
const MISCHIEF: readonly ((scene: Scene, queue: GuestQueue, random: Prng) => void)[] = [
  // A word of a slot, published or not.
  (_, { region: { words } }, random) => {
    words[16 + random.below(words.length - 16)] = anyField(random);
  },
  // Its events' indices, and what nobody reads.
  (_, { region: { words } }, random) => {
    words[random.pick([3, 4, 5, 15])] = anyField(random);
  },
  // A page that it has granted, of data or of segments.
  ({ guest }, _, random) => {
    const page = guest.pages.get(random.below(GRANTED));
    if (page === undefined) return;
    const words = new Int32Array(page.buffer);
    for (let i = 0; i < 64; i += 2) {
      words[i] = random.below(GREFS);
      words[i + 1] = random.chance(0.9) ? random.below(8) << 8 : anyField(random);
    }
  },
  // Grants and takes back.
  ({ guest }, _, random) => {
    const gref = random.below(GRANTED);
    if (!guest.pages.delete(gref)) guest.pages.set(gref, new Uint8Array(4096));
  },
];

/** Its own index, or the backend's, which then dies. */
function breakIndex({ region: { words } }: GuestQueue, random: Prng): void {
  const at = random.pick([0, 0, 2]);
  words[at] = (words[at] as number) + (random.chance(0.5) ? anyField(random) : 600);
}

/** One ring's life, of at most so many requests; how many there were. */
function life(random: Prng, max: number): number {
  const scene = randomScene(random);
  const { guest, memory } = scene;
  for (let gref = 0; gref < GRANTED; gref++) guest.pages.set(gref, new Uint8Array(4096));
  let [put, isHonest] = [0, true];
  while (put < max && scene.broken.length === 0) {
    for (const queue of guest.queues) {
      const room = Math.min(requestRoom(queue.front), random.below(12), max - put);
      for (let left = room; left > 0; left--, put++) {
        fillSlot(scene, queue, nextRequest(queue.front) / 4, random);
      }
      for (let left = random.below(3); left > 0; left--)
        random.pick(MISCHIEF)(scene, queue, random);
      if (isHonest) publishRequests(queue.front);
      if (!random.chance(0.002)) continue;
      breakIndex(queue, random);
      isHonest = false;
    }
    if (diesAt(random.below(STORES), () => turn(scene.disk)) === undefined) {
      const refused = tryTakeOver(scene, ATTEMPTS);
      ok(refused === undefined || !isHonest, `an honest ring is refused: ${refused}`);
      // Nobody serves it any more.
      if (refused !== undefined) return put;
    }
    scene.nowUs += random.below(5000);
    memory.step();
    for (const queue of guest.queues) {
      const count = takeResponses(queue.front, answers, 64);
      ok(count >= 0 || !isHonest, 'more answers than requests');
    }
  }
  finish(scene, isHonest);
  return put;
}

/** All that was taken comes to an end, and each request has its one answer. */
function finish(scene: Scene, isHonest: boolean): void {
  const { memory, guest } = scene;
  for (let rounds = 0; rounds < 3 || !isIdle(scene.disk) || hasWork(scene, isHonest); rounds++) {
    ok(rounds < 10_000, 'requests are never answered');
    turn(scene.disk);
    scene.nowUs = Math.max(scene.nowUs + 100, scene.dueUs);
    memory.step();
    for (const { front } of guest.queues) takeResponses(front, answers, 64);
  }
  if (scene.broken.length > 0) {
    ok(!isHonest, `an honest ring is given up: ${scene.broken}`);
    equal(scene.disk.slab.free, scene.disk.slab.pages, 'pages of a ring that was given up');
    return;
  }
  expectIdle(scene.disk);
  for (const { ring } of scene.disk.queues) equal(ring.rspProd, ring.reqCons, 'answers');
}

/** Whether requests of an honest ring are not answered yet. */
function hasWork({ guest }: Scene, isHonest: boolean): boolean {
  return isHonest && guest.queues.some(({ front }) => front.rspCons !== front.reqProd);
}

export const hostileWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  for (let left = cases; left > 0; ) {
    let put = life(random, left);
    left -= put;
    for (; put > 0; put--) done();
  }
};
