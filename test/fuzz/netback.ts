/** Packets to a network backend that dies at any store: an honest guest's, and a hostile one's. */

import { equal, ok } from 'node:assert/strict';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { publishRequests, requestRoom, takeResponses } from '../../shared/ring/io-ring.ts';
import { diesAt } from '../sim/blk/deaths.ts';
import { someFrame } from '../sim/net/frames.ts';
import { type GuestRing, grant, type NetGuest } from '../sim/net/guest.ts';
import { createMemoryLink, type MemoryLink, plain } from '../sim/net/memory-link.ts';
import { createTraffic, finish, happen, look, turnUntil } from '../sim/net/traffic.ts';
import { createHost, newProcess, type Served, serve, step, takeOver } from '../sim/net/world.ts';
import type { World } from './target.ts';

/** Stores to the next death, at most. */
const STORES = 120;

/** A guest that checks all that it gets; a case is a frame, or a request. */
export const netDeathsWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  const traffic = createTraffic(random, 1 + random.below(4));
  let told = 0;
  while (traffic.asked < cases) {
    happen(traffic);
    if (random.chance(0.4)) turnUntil(traffic, random.below(STORES));
    look(traffic);
    // The last one is told when all is looked at.
    for (; told < Math.min(traffic.asked, cases - 1); told++) done();
  }
  finish(traffic);
  for (; told < cases; told++) done();
};

const anyWord = (random: Prng): number => random.next() | 0;

/** Pages of the guest's that there are, among references that it uses. */
const GREFS = 64;

/** A slot of what it sends: often nearly right. */
function putSent(random: Prng, words: Int32Array, at: number): void {
  const size = random.pick([0, 13, 60, 100, 1500, 4096, 65_535, random.below(65_536)]);
  const flags = random.chance(0.9)
    ? random.pick([0, 0, 0, 1, 2, 3, 4, 4, 8, 9, 12])
    : random.below(65_536);
  const offset = random.chance(0.9) ? random.below(200) : random.below(65_536);
  words[at] = random.chance(0.3) ? random.below(6) | (random.below(2) << 8) : random.below(GREFS);
  words[at + 1] = offset | (flags << 16);
  words[at + 2] = random.below(65_536) | (size << 16);
  if (random.chance(0.02)) words[at + random.below(3)] = anyWord(random);
}

function putControl(random: Prng, words: Int32Array, at: number): void {
  words[at] = random.below(65_536) | (random.below(10) << 16);
  for (let i = 1; i < 4; i++) {
    words[at + i] = random.chance(0.8) ? random.below(140) : anyWord(random);
  }
}

function putBuffer(random: Prng, words: Int32Array, at: number): void {
  words[at] = anyWord(random);
  words[at + 1] = random.chance(0.9) ? random.below(GREFS) : anyWord(random);
}

type Put = (random: Prng, words: Int32Array, at: number) => void;

/** Fills slots of a ring, of at most so many; how many. */
function fill(random: Prng, ring: GuestRing, most: number, put: Put): number {
  const { front, region } = ring;
  const count = Math.min(random.below(24), most, requestRoom(front));
  for (let i = 0; i < count; i++) {
    put(
      random,
      region.words,
      16 + ((front.reqPut++ >>> 0) & (front.slots - 1)) * (front.slotBytes / 4),
    );
  }
  return count;
}

/** What a guest does to memory that it shares, at any time. */
function meddle(random: Prng, guest: NetGuest, rings: readonly GuestRing[]): void {
  const { words } = random.pick(rings).region;
  const kind = random.below(4);
  if (kind === 0) words[16 + random.below(words.length - 16)] = anyWord(random);
  else if (kind === 1) words[random.pick([1, 3, 4, 5, 15])] = anyWord(random);
  else if (kind === 2) {
    const page = guest.pages.get(random.below(GREFS));
    for (let i = 0; page !== undefined && i < 200; i++) page[i] = random.below(256);
  } else {
    const gref = random.below(GREFS);
    if (!guest.pages.delete(gref)) guest.pages.set(gref, new Uint8Array(4096));
  }
}

const answers = new Int32Array(4096);

/** What is sent over the link is a frame with a header that says nothing false of it. */
function expectFrames({ sent }: MemoryLink): void {
  for (const frame of sent.splice(0)) {
    ok(frame.length >= 10 + 14 && frame.length <= 10 + 65_535, `a frame of ${frame.length} bytes`);
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const [flags, gso, size] = [frame[0] as number, frame[1], view.getUint16(4, true)];
    ok(flags <= 2 && (gso === 0 || flags === 1), `flags ${flags}`);
    ok(gso === 0 || ((gso === 1 || gso === 4) && size > 0), `segments of type ${gso}, ${size}`);
    const end = 10 + view.getUint16(6, true) + view.getUint16(8, true) + 2;
    ok(flags !== 1 || end <= frame.length, 'a checksum outside its frame');
  }
}

/** One vif's life, of at most so many slots; how many there were. */
function life(random: Prng, max: number): number {
  const link = createMemoryLink();
  const served = serve(createHost(), { behind: link, queues: 1 + random.below(2) });
  const { guest } = served;
  while (guest.nextGref < GREFS) grant(guest);
  const sends = guest.queues.map(({ send }) => send);
  const receives = guest.queues.map(({ receive }) => receive);
  const rings = [...sends, ...receives, guest.control];
  let put = 0;
  let isHonest = true;
  while (put < max && served.broken.length === 0) {
    for (const ring of sends) put += fill(random, ring, max - put, putSent);
    for (const ring of receives) put += fill(random, ring, max - put, putBuffer);
    put += fill(random, guest.control, max - put, putControl);
    for (let left = random.below(3); left > 0; left--) meddle(random, guest, rings);
    if (isHonest) for (const { front } of rings) publishRequests(front);
    if (random.chance(0.5)) link.receive(plain(someFrame(random, 14 + random.below(20_000))));
    if (random.chance(0.002)) {
      const { words } = random.pick(rings).region;
      const at = random.pick([0, 0, 2]);
      words[at] = (words[at] as number) + (random.chance(0.5) ? anyWord(random) : 600);
      isHonest = false;
    }
    served.host.nowMs += random.below(1000);
    if (diesAt(random.below(3 * STORES), () => step(served)) === undefined) {
      link.abandon();
      newProcess(served.host);
      const refused = takeOver(served);
      ok(refused === undefined || !isHonest, `honest indices are refused: ${refused}`);
      if (refused !== undefined) return put;
    }
    expectFrames(link);
    for (const { front } of rings) {
      ok(takeResponses(front, answers, 256) >= 0 || !isHonest, 'more answers than requests');
    }
  }
  finishHostile(served, isHonest);
  return put;
}

/** Whatever was sent is answered, each slot once, unless the vif is lost. */
function finishHostile(served: Served, isHonest: boolean): void {
  for (let rounds = 0; step(served); rounds++) ok(rounds < 1000, 'turns without an end');
  if (served.broken.length > 0 || !isHonest) return;
  for (const { ring } of served.vif.send) {
    equal(ring.rspProd, ring.reqCons, 'answers');
    equal(ring.rspProd, (ring.region.words[0] as number) >>> 0, 'requests');
  }
}

export const netHostileWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  for (let left = cases; left > 0; ) {
    // A packet may be so wrong that the vif ends with its first slots.
    let put = Math.max(1, life(random, left));
    left -= put;
    for (; put > 0; put--) done();
  }
};
