/** A backend that dies at any of its stores, and the next one: guests lose frames at most. */

import { describe, expect, it } from 'vitest';
import { isHashing } from '../../../drivers/netback/core/hash.ts';
import { clearJournal } from '../../../drivers/netback/core/journal.ts';
import { claim } from '../../../shared/backend/claim.ts';
import { prng } from '../../../shared/core/prng.ts';
import { ask, told } from './control.ts';
import { someFrame, unknown } from './frames.ts';
import { type GuestQueue, offer, publishSent, send, takeAnswers } from './guest.ts';
import { plain } from './memory-link.ts';
import { takeReceived } from './received.ts';
import { createTraffic, finish, happen, look, type Traffic, turnUntil } from './traffic.ts';
import { counts, journalWords, newProcess, run, step, takeOver } from './world.ts';

const seeds = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed);

it.each(seeds(10))('frames pass in their order, none is lost, seed %i', (seed) => {
  const traffic = createTraffic(prng(seed), 1 + (seed % 2));
  for (let i = 0; i < 300; i++) {
    happen(traffic);
    if (traffic.random.chance(0.5)) step(traffic.served);
    look(traffic);
  }
  finish(traffic);
  expect([traffic.out.flat(), traffic.in]).toEqual([[], []]);
  expect(traffic.sent + traffic.received).toBeGreaterThan(200);
});

it.each(seeds(30))(
  'nobody is answered twice by a backend that dies again and again, seed %i',
  (seed) => {
    const traffic = createTraffic(prng(1000 + seed), 1 + (seed % 3));
    for (let i = 0; i < 300; i++) {
      happen(traffic);
      if (traffic.random.chance(0.5)) turnUntil(traffic, traffic.random.below(80));
      look(traffic);
    }
    finish(traffic);
    expect(traffic.deaths).toBeGreaterThan(10);
    expect(traffic.sent + traffic.received).toBeGreaterThan(50);
  },
);

/** The same little traffic, killed at the n-th store; whether it came to that. */
function killedAt(n: number, seed: number): boolean {
  const traffic = createTraffic(prng(seed));
  let left: number | undefined = n;
  for (let i = 0; i < 40; i++) {
    happen(traffic);
    if (i % 4 !== 3) continue;
    offer(traffic.served.guest, traffic.served.guest.queues[0] as GuestQueue, 60);
    if (left === undefined) step(traffic.served);
    else left = turnUntil(traffic, left);
    look(traffic);
  }
  finish(traffic);
  return left === undefined;
}

it.each([1, 2])('whatever its last store was, seed %i', (seed) => {
  let stores = 0;
  while (killedAt(stores, seed)) stores++;
  expect(stores).toBeGreaterThan(150);
});

/** A guest with frames in hand both ways, whose backend dies before it publishes anything. */
function dead(): Traffic & { queue: GuestQueue } {
  const traffic = createTraffic(prng(7));
  const { served } = traffic;
  const queue = served.guest.queues[0] as GuestQueue;
  offer(served.guest, queue, 100);
  run(served);
  return Object.assign(traffic, { queue });
}

describe('the next backend', () => {
  it('takes what the last one has not taken, and loses nothing of it', () => {
    const traffic = dead();
    const { served, link, queue, random } = traffic;
    const frames = [1, 2, 3].map(() => someFrame(random, 200));
    for (const frame of frames) send(served.guest, queue, frame);
    publishSent(queue);
    newProcess(served.host);
    link.abandon();
    expect(takeOver(served)).toBe(undefined);
    const more = someFrame(random, 5000);
    link.receive(plain(more));
    run(served);
    takeAnswers(served.guest, queue);
    expect(link.sent).toEqual(frames.map(plain));
    expect(queue.answers).toEqual([0, 0, 0]);
    expect(takeReceived(served.guest, queue).map((each) => each?.frame)).toEqual([more]);
    expect(counts(served).lost).toBe(0);
  });

  it('of one that has kept nothing answers all as lost, and gives all buffers back', () => {
    const traffic = dead();
    const { served, link, queue, random } = traffic;
    for (let i = 0; i < 3; i++) send(served.guest, queue, someFrame(random, 5000));
    publishSent(queue);
    served.journal.words.fill(0);
    newProcess(served.host);
    link.abandon();
    expect(takeOver(served)).toBe(undefined);
    takeAnswers(served.guest, queue);
    expect(queue.answers).toEqual(new Array(6).fill(-2));
    const back = takeReceived(served.guest, queue);
    expect([back.length, back.every((frame) => frame === undefined)]).toEqual([100, true]);
    expect(counts(served).lost).toBe(103);
    // And goes on.
    const frame = unknown([1, 2, 3, 4]);
    offer(served.guest, queue, 100);
    link.receive(plain(frame));
    run(served);
    expect(takeReceived(served.guest, queue).map((each) => each?.frame)).toEqual([frame]);
    expect(served.reports).toEqual([]);
  });

  it('does not believe a journal that is damaged, and says so', () => {
    const { served } = dead();
    (served.journal.words[6] as number) ^= 4;
    expect(takeOver(served)).toBe(undefined);
    expect(served.reports).toEqual(['what its journal said: it is damaged']);
  });

  it.each([
    ['are beyond what is there', 1000],
    ['are before what was answered', -3],
  ])('believes no words that %s', (_, by) => {
    const { served, queue } = dead();
    (served.journal.words[68] as number) += by;
    (served.journal.words[69] as number) += by;
    expect(takeOver(served)).toBe(undefined);
    takeAnswers(served.guest, queue);
    expect(takeReceived(served.guest, queue)).toHaveLength(100);
  });

  it('refuses rings that cannot be', () => {
    const { served, queue } = dead();
    queue.send.region.words[0] = 5000;
    expect(takeOver(served)).toBe('the indices of a ring are impossible');
  });

  it('knows the hash, the mapping and the filter', () => {
    const { served, queue } = dead();
    ask(served.guest, 7, [1]);
    ask(served.guest, 2, [15]);
    ask(served.guest, 5, [100]);
    send(served.guest, queue, new Uint8Array(0), { extras: [[2, 0x1234, 0x5678]] });
    publishSent(queue);
    run(served);
    expect(told(served.guest).map(({ status }) => status)).toEqual([0, 0, 0]);
    const { hash, multicast } = served.vif;
    expect(takeOver(served)).toBe(undefined);
    expect(served.vif.multicast.words).toEqual(multicast.words);
    expect({ ...served.vif.hash, table: undefined }).toEqual({ ...hash, table: undefined });
    expect(isHashing(served.vif.hash)).toBe(true);
  });

  it('takes nothing of a hash that cannot be', () => {
    const { served } = dead();
    clearJournal(served.journal);
    served.journal.words.fill(-1, 68);
    claim(served.journal, journalWords(served));
    expect(takeOver(served)).toBe(undefined);
    const { algorithm, flags, size } = served.vif.hash;
    expect([algorithm, flags, size]).toEqual([0, 15, 0]);
    expect(served.vif.multicast.words.some((word, i) => i % 2 === 1 && word !== 0)).toBe(false);
  });
});
