/** Guests that offer no buffers, few, late, or ones that nobody can write to. */

import { describe, expect, it } from 'vitest';
import { deliver } from '../../../drivers/netback/core/deliver.ts';
import {
  FRAMES_PER_TURN,
  STALLED_MS,
  WAITING_FRAMES,
  WAITING_MS,
  WAITING_PAGES,
} from '../../../drivers/netback/core/limits.ts';
import { settle, tell } from '../../../drivers/netback/core/receive.ts';
import { prng } from '../../../shared/core/prng.ts';
import { digest, someFrame } from './frames.ts';
import { type GuestQueue, offer, regionOf } from './guest.ts';
import { createMemoryLink, plain } from './memory-link.ts';
import { takeReceived } from './received.ts';
import { counts, createHost, run, type Served, serve, step } from './world.ts';

const random = prng(3);

function open(can = {}) {
  const link = createMemoryLink();
  const served = serve(createHost(), { behind: link, can });
  const queue = served.guest.queues[0] as GuestQueue;
  const frames = (): (string | undefined)[] =>
    takeReceived(served.guest, queue).map((each) => digest(each?.frame));
  return { link, served, queue, frames };
}

const memory = regionOf(32);

/** As a switch gives it; false: dropped. */
function give(served: Served, frame: Uint8Array): boolean {
  const header = plain(frame);
  memory.bytes.set(header, 6);
  const { room, nowMs } = served.host;
  room.nowMs = nowMs;
  const isTaken = deliver(room, served.vif, memory, 6, header.length);
  settle(room);
  tell(room);
  return isTaken;
}

it('a link keeps what a guest has no buffers for, and the guest is asked to tell of some', () => {
  const { link, served, queue, frames } = open();
  const all = Array.from({ length: 300 }, () => someFrame(random, 60));
  for (const frame of all) link.receive(plain(frame));
  run(served);
  expect([link.incoming[0]?.length, served.vif.isStarved]).toEqual([300, true]);
  const got: (string | undefined)[] = [];
  // Whoever offers buffers is to be heard, until nothing is left.
  for (let rounds = 0; got.length < 300; rounds++) {
    expect(offer(served.guest, queue, 3)).toBe(true);
    run(served);
    got.push(...frames());
    expect(rounds).toBeLessThan(200);
  }
  expect(got).toEqual(all.map(digest));
  expect(counts(served).noBuffers).toBe(0);
});

it('a large frame waits until it fits', () => {
  const { link, served, queue, frames } = open();
  const [large, small] = [60_000, 60].map((size) => someFrame(random, size));
  link.receive(plain(large as Uint8Array));
  link.receive(plain(small as Uint8Array));
  for (let offered = 0; offered < 14; offered += 7) {
    expect(offer(served.guest, queue, 7)).toBe(true);
    run(served);
    expect(frames()).toEqual([]);
  }
  offer(served.guest, queue, 4);
  run(served);
  expect(frames()).toEqual([large, small].map(digest));
});

it('a turn gives a bounded number of frames', () => {
  const { link, served, queue } = open();
  for (let i = 0; i < 200; i++) link.receive(plain(someFrame(random, 60)));
  offer(served.guest, queue, 256);
  expect(step(served)).toBe(true);
  expect(link.incoming[0]).toHaveLength(200 - FRAMES_PER_TURN);
});

// XSA-392, E3.5
describe('a guest that offers no buffers', () => {
  it('costs a bounded number of frames, and a bounded number of bytes', () => {
    const { served } = open();
    let small = 0;
    while (give(served, someFrame(random, 60))) small++;
    expect(small).toBe(WAITING_FRAMES);
    const other = open().served;
    let large = 0;
    while (give(other, someFrame(random, 9000))) large++;
    expect(large).toBe(Math.floor((WAITING_PAGES * 4096) / 9024));
    expect([counts(served).noBuffers, counts(other).noBuffers]).toEqual([0, 0]);
    run(served, other);
    expect([counts(served).noBuffers, counts(other).noBuffers]).toEqual([1, 1]);
  });

  it('gets what has waited, but nothing old', () => {
    const { served, queue, frames } = open();
    const [old, young] = [1, 2].map(() => someFrame(random, 60));
    give(served, old as Uint8Array);
    served.host.nowMs += WAITING_MS - 100;
    give(served, young as Uint8Array);
    served.host.nowMs += 200;
    offer(served.guest, queue, 10);
    run(served);
    expect(frames()).toEqual([digest(young)]);
  });

  it('for a minute gets nothing more kept, until it does', () => {
    const { served, queue, frames } = open();
    give(served, someFrame(random, 60));
    served.host.nowMs += STALLED_MS + 1;
    expect(give(served, someFrame(random, 60))).toBe(false);
    offer(served.guest, queue, 10);
    run(served);
    expect(frames()).toEqual([]);
    const next = someFrame(random, 60);
    expect(give(served, next)).toBe(true);
    expect(frames()).toEqual([digest(next)]);
  });

  it('and never tells of some is not given up for that', () => {
    const { served } = open({ rxNotify: false });
    give(served, someFrame(random, 60));
    served.host.nowMs += STALLED_MS + 1;
    expect(give(served, someFrame(random, 60))).toBe(true);
    expect(served.vif.isStarved).toBe(true);
  });
});

it('frames that wait keep their order, through all places of their memory, seed 1 to 20', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const own = prng(seed);
    const { served, queue, frames } = open();
    const given: (string | undefined)[] = [];
    const got: (string | undefined)[] = [];
    for (let i = 0; i < 300; i++) {
      const frame = someFrame(own, 14 + (own.chance(0.1) ? 20_000 : own.below(2000)));
      if (give(served, frame)) given.push(digest(frame));
      if (own.chance(0.3)) offer(served.guest, queue, own.below(12));
      if (own.chance(0.5)) run(served);
      got.push(...frames());
    }
    while (served.vif.receive[0]?.waiting.count !== 0) {
      offer(served.guest, queue, 20);
      run(served);
      got.push(...frames());
    }
    expect(got).toEqual(given);
  }
});

it('memory of a frame that has waited is another’s only once the guest has it', () => {
  const { link, served, queue, frames } = open();
  const [first, second] = [100, 9000].map((size) => someFrame(random, size));
  give(served, first as Uint8Array);
  link.receive(plain(second as Uint8Array));
  // The first one fits, and the second one has to wait.
  offer(served.guest, queue, 2);
  run(served);
  expect(frames()).toEqual([digest(first)]);
  offer(served.guest, queue, 2);
  run(served);
  expect(frames()).toEqual([digest(second)]);
});

it('a buffer that is not granted loses its frame alone, and comes back with an error', () => {
  const { link, served, queue, frames } = open();
  offer(served.guest, queue, 100);
  served.guest.pages.delete(queue.buffers[2] as number);
  const all = [6000, 3000, 100].map((size) => someFrame(random, size));
  for (const frame of all) link.receive(plain(frame));
  run(served);
  expect(frames()).toEqual([digest(all[0]), undefined, digest(all[2])]);
  expect(counts(served).noBuffers).toBe(1);
});
