/** Requests of a guest that checks all that it gets, to a backend that dies at any store. */

import { equal } from 'node:assert/strict';
import { turn } from '../../drivers/blkback/core/turn.ts';
import { BLKIF_OP_WRITE_BARRIER } from '../../shared/abi/blkif.ts';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { diesAt } from '../sim/blk/deaths.ts';
import { type Asked, ask, publishAll, takeAnswers } from '../sim/blk/guest.ts';
import {
  createWorld,
  expectTheSame,
  finishAll,
  protocols,
  type World as Scene,
  takeOver,
  tryTakeOver,
} from '../sim/blk/world.ts';
import { damageOne } from './blkback-damage.ts';
import type { World } from './target.ts';

/** Death comes so often that it meets the same request again and again. */
const ATTEMPTS = 99;
/** Stores to the next death, at most: a turn has some twenty, and some have hundreds. */
const STORES = 300;
const ORDERS = [0, 0, 0, 1, 2, 3, 4];

/** Sectors at which an operation with data that begins there fails. */
const isBad = (sector: number): boolean => sector % 61 === 7;

const statusOf = ({ operation, sector }: Asked): number =>
  operation <= BLKIF_OP_WRITE_BARRIER && isBad(sector) ? -1 : 0;

export function randomScene(random: Prng): Scene {
  const protocol = random.chance(0.5) ? protocols['64 bits'] : protocols['32 bits'];
  const rate = random.chance(0.2) ? { bytes: 4 << 20, operations: 1000 } : undefined;
  const sizes = { queues: 1 + random.below(4), order: random.pick(ORDERS) };
  const scene = createWorld(random, protocol, { ...sizes, ...(rate && { rate }) });
  scene.memory.fails = (kind, sector) => (kind === 'read' || kind === 'write') && isBad(sector);
  return scene;
}

/** Requests to a backend after whose death `next` brings another one. */
function serve(
  random: Prng,
  cases: number,
  done: () => void,
  next: (scene: Scene, random: Prng) => void,
): void {
  const scene = randomScene(random);
  const { guest, memory } = scene;
  const asksMax = 1 + random.below(24);
  let [asked, told] = [0, 0];
  while (asked < cases) {
    for (let asks = random.below(asksMax + 1); asks > 0 && asked < cases; asks--) {
      if (ask(guest, random)) asked++;
    }
    publishAll(guest);
    if (diesAt(random.below(STORES), () => turn(scene.disk)) === undefined) next(scene, random);
    scene.nowUs += random.below(5000);
    memory.step();
    takeAnswers(guest, statusOf);
    // The last one is told when all is looked at.
    for (; told < Math.min(guest.answered, cases - 1); told++) done();
  }
  finishAll(scene, statusOf);
  expectTheSame(scene);
  equal(guest.answered, cases, 'answers');
  equal(scene.broken.length + scene.reports.length, 0, 'complaints of a guest that is honest');
  for (; told < cases; told++) done();
}

export const deathsWorld: World = async (seed, cases, done) =>
  serve(prng(seed), cases, done, (scene) => takeOver(scene, ATTEMPTS));

/** What became of journals that were damaged. */
export interface Outcomes {
  adopted: number;
  refused: number;
}

/**
 * Before the next backend comes, the journals are damaged. It may go on from them if that changes
 * nothing, or must refuse to; then it gets them as they were.
 */
export const journalWorld =
  (outcomes: Outcomes): World =>
  async (seed, cases, done) =>
    serve(prng(seed), cases, done, (scene, random) => {
      const journals = scene.guest.queues.map(({ journal }) => journal);
      const before = journals.map(({ words }) => words.slice());
      const published = scene.guest.queues.map(({ region }) => region.words[2]);
      for (let left = 1 + random.below(4); left > 0; left--) {
        damageOne(random.pick(journals), random);
      }
      if (tryTakeOver(scene, ATTEMPTS) === undefined) {
        outcomes.adopted++;
        return;
      }
      outcomes.refused++;
      journals.forEach(({ words }, i) => void words.set(before[i] as Int32Array));
      for (const [i, { region }] of scene.guest.queues.entries()) {
        equal(region.words[2], published[i], 'what a refused backend has published');
      }
      takeOver(scene, ATTEMPTS);
    });
