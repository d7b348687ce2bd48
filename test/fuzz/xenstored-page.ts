/** A guest that does anything at all to its ring's page: nobody else may notice any of it. */

import { deepEqual, equal } from 'node:assert/strict';
import { XENSTORE_ERROR_RINGIDX } from '../../shared/abi/xs-wire.ts';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { writeRing } from '../../shared/core/ring-moves.ts';
import { XENSTORE_REQUESTS } from '../../shared/ring/byte-ring.ts';
import type { PageField } from '../sim/raw-guest.ts';
import { type Scene, scene } from '../sim/xenstored-scene.ts';
import { randomPacket, randomStream } from './packets.ts';
import type { World } from './target.ts';

const FIELDS: readonly PageField[] = [
  'reqCons',
  'reqProd',
  'rspCons',
  'rspProd',
  'connection',
  'error',
];

/** Ids that its transactions are likely to have. */
const TRANSACTIONS = [1, 2, 3];

type Step = (scene: Scene, random: Prng) => void | Promise<void>;

/** Starts anew, which must be granted, and then breaks an index, which must be found out. */
async function breakIndex({ raw, host }: Scene, random: Prng): Promise<void> {
  raw.setField('connection', 1);
  raw.guest.notify();
  await host.sim.advance(1);
  raw.take();
  await host.sim.advance(1);
  equal(raw.field('connection'), 0, 'it is not connected again');
  equal(raw.field('error'), 0, 'an error that is over');
  const name = random.pick(['reqProd', 'reqCons'] as const);
  const by = 1025 + random.below(0x7fffffff);
  raw.setField(name, raw.field(name) + (name === 'reqProd' ? by : -by));
  raw.guest.notify();
  // It may owe some time for what it wrote before.
  await host.sim.advance(1000);
  equal(raw.field('error'), XENSTORE_ERROR_RINGIDX, 'an impossible index is served');
}

const STEPS: readonly Step[] = [
  breakIndex,
  ({ raw }) => raw.guest.notify(),
  ({ raw }) => void raw.take(),
  ({ raw }, random) => void raw.take(1 + random.below(40)),
  // A request that is well-formed, of any type; what there is room for of a few more.
  ({ raw }, random) => {
    raw.put(randomPacket(random, TRANSACTIONS));
    raw.guest.notify();
  },
  ({ raw }, random) => {
    raw.putSome(randomStream(random, TRANSACTIONS));
    raw.guest.notify();
  },
  // Bytes that are no request.
  ({ raw }, random) => {
    const bytes = Uint8Array.from({ length: 1 + random.below(200) }, () => random.below(256));
    writeRing(raw.guest.page, XENSTORE_REQUESTS, bytes, 0, bytes.length);
    raw.guest.notify();
  },
  // An index anywhere, or just a little off.
  ({ raw }, random) => {
    const name = random.pick(FIELDS);
    const near = raw.field(name) + random.below(64) - 32;
    raw.setField(name, random.chance(0.25) ? random.next() : near);
  },
  // The page is overwritten, indices and all.
  ({ raw }, random) => {
    const { bytes } = raw.guest.page;
    const at = random.below(bytes.length);
    const end = Math.min(bytes.length, at + random.below(600));
    for (let i = at; i < end; i++) bytes[i] = random.below(256);
  },
  ({ raw }) => {
    raw.setField('connection', 1);
    raw.guest.notify();
  },
];

export const pageWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  const stage = await scene(seed);
  for (let i = 0; i < cases; i++) {
    await random.pick(STEPS)(stage, random);
    if (random.chance(0.25)) await stage.host.sim.advance(random.below(3));
    deepEqual(stage.host.daemon.store.check(), []);
    if (i % 50 === 49) await stage.othersAreFine();
    if (i < cases - 1) done();
  }
  await stage.host.sim.advance(5);
  await stage.othersAreFine();
  await stage.domainIsKnown();
  stage.host.daemon.stop();
  done();
};
