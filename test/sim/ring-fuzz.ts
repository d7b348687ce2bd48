/** Random behaviour of a guest towards its page, by seed; the others must not notice any of it. */

import { prng } from '../../shared/core/prng.ts';
import { writeRing, XENSTORE_REQUESTS } from '../../shared/ring/byte-ring.ts';
import { packet } from './raw-guest.ts';
import { type Scene, scene } from './xenstored-scene.ts';

const FIELDS = ['reqCons', 'reqProd', 'rspCons', 'rspProd', 'connection', 'error'] as const;
const WORDS = [
  '',
  'mine',
  'mine/a',
  '/',
  '/local/domain',
  '@releaseDomain',
  '0',
  'x',
  '..',
  '/a//',
];

type Step = (scene: Scene, below: (limit: number) => number) => void;

const u32 = (below: (limit: number) => number): number => below(0x10000) * 0x10000 + below(0x10000);

const STEPS: readonly Step[] = [
  ({ raw }) => raw.guest.notify(),
  ({ raw }) => void raw.take(),
  ({ raw }, below) => void raw.take(1 + below(40)),
  // A request that is well-formed, of any type.
  ({ raw }, below) => {
    const words = Array.from({ length: below(4) }, () => WORDS[below(WORDS.length)] as string);
    raw.put(packet(below(30), ...words));
    raw.guest.notify();
  },
  // Bytes that are no request.
  ({ raw }, below) => {
    const bytes = Uint8Array.from({ length: 1 + below(200) }, () => below(256));
    writeRing(raw.guest.page, XENSTORE_REQUESTS, bytes, 0, bytes.length);
    raw.guest.notify();
  },
  // An index anywhere, or just a little off.
  ({ raw }, below) => {
    const name = FIELDS[below(FIELDS.length)] as (typeof FIELDS)[number];
    const near = raw.field(name) + below(64) - 32;
    raw.setField(name, below(4) === 0 ? u32(below) : near);
  },
  // The page is overwritten, indices and all.
  ({ raw }, below) => {
    const { bytes } = raw.guest.page;
    const at = below(bytes.length);
    for (let i = at; i < Math.min(bytes.length, at + below(600)); i++) bytes[i] = below(256);
  },
  ({ raw }) => {
    raw.setField('connection', 1);
    raw.guest.notify();
  },
];

/** One case: throws if anybody else notices, or if the store is not sound. */
export async function fuzzRing(seed: number, steps: number): Promise<void> {
  const stage = await scene();
  const rng = prng(seed);
  for (let i = 0; i < steps; i++) {
    const step = STEPS[rng.below(STEPS.length)] as Step;
    step(stage, (limit) => rng.below(limit));
    if (rng.below(4) === 0) await stage.host.sim.advance(rng.below(3));
  }
  await stage.host.sim.advance(5);
  await stage.othersAreFine();
  await stage.domainIsKnown();
}
