/** An end of a vchan whose other end does anything at all to the shared page, by seed. */

import { equal, ok } from 'node:assert/strict';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { BROKEN } from '../../shared/core/ring-moves.ts';
import { CLOSED, type VchanEnd } from '../../shared/vchan/end.ts';
import { readVchan, recvVchan, sendVchan, writeVchan } from '../../shared/vchan/stream.ts';
import { createEnds, type Ends } from '../sim/vchan/ends.ts';
import type { World } from './target.ts';

const ORDERS = [
  { left: 10, right: 11 },
  { left: 11, right: 10 },
  { left: 12, right: 11 },
  { left: 12, right: 13 },
];
const HEADER_WORDS = 6;
const GUARD = 0xa5;

const scratch = new Uint8Array(20_000);

function damage({ control }: Ends, random: Prng): void {
  if (random.chance(0.5)) {
    control.words[random.below(4)] = random.chance(0.5)
      ? random.next()
      : (control.words[random.below(4)] as number) + random.below(5000) - 2500;
  } else control.bytes[random.below(HEADER_WORDS * 4)] = random.next();
}

/** One call of an end: never outside the caller's array, never an impossible count. */
function act(end: VchanEnd, random: Prng): void {
  const kind = random.below(4);
  const half = kind < 2 ? end.read : end.write;
  const size = 1 + random.below(half.size);
  scratch.fill(GUARD);
  const at = random.below(100);
  let count: number;
  if (kind === 0) count = readVchan(end, scratch, at, size);
  else if (kind === 1) count = recvVchan(end, scratch, at, size);
  else if (kind === 2) count = writeVchan(end, scratch, at, at + size);
  else count = sendVchan(end, scratch, at, at + size);
  ok(count === BROKEN || count === CLOSED || (count >= 0 && count <= size), `a count of ${count}`);
  if (kind === 1 || kind === 3) ok(count <= 0 || count === size, 'a part of a packet');
  const moved = kind < 2 && count > 0 ? count : 0;
  for (let i = 0; i < at; i++) equal(scratch[i], GUARD, 'a byte before');
  for (let i = at + moved; i < at + moved + 200; i++) equal(scratch[i], GUARD, 'a byte behind');
}

export const pageWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  for (let left = cases; left > 0; ) {
    const ends = createEnds(random.pick(ORDERS), random.next());
    const end = random.chance(0.5) ? ends.server : ends.client;
    for (let life = 1 + random.below(40); life > 0 && left > 0; life--, left--) {
      const other = end === ends.server ? ends.client : ends.server;
      if (random.chance(0.3)) damage(ends, random);
      else if (random.chance(0.5)) act(other, random);
      act(end, random);
      done();
    }
  }
};
