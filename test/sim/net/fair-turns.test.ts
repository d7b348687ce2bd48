/** Ten vifs in one backend, one of them of a guest that wants all of it. */

import { expect, it } from 'vitest';
import {
  FRAMES_PER_TURN,
  PACKETS_PER_TURN,
  SLAB_PAGES,
} from '../../../drivers/netback/core/limits.ts';
import { turn } from '../../../drivers/netback/core/turn.ts';
import { createTurns, turnsWaited } from '../../../shared/backend/turns.ts';
import { prng } from '../../../shared/core/prng.ts';
import { someFrame } from './frames.ts';
import { type GuestQueue, offer, publishSent, send, takeAnswers } from './guest.ts';
import { createMemoryLink, type MemoryLink, plain } from './memory-link.ts';
import { takeReceived } from './received.ts';
import { createHost, type Served, serve } from './world.ts';

const VIFS = 10;
const random = prng(6);

interface Player {
  readonly served: Served;
  readonly link: MemoryLink;
  readonly queue: GuestQueue;
  turns: number;
}

function open() {
  const host = createHost();
  const calls: (() => void)[] = [];
  const plan = (run: () => void): void => void calls.push(run);
  const turns = createTurns({ soon: plan, later: plan }, 2 * VIFS);
  const players = Array.from({ length: VIFS }, (): Player => {
    const link = createMemoryLink();
    const served = serve(host, { behind: link });
    return { served, link, queue: served.guest.queues[0] as GuestQueue, turns: 0 };
  });
  let taken = 0;
  const planned = new Set<Player>();
  const wake = (player: Player): void => {
    if (planned.has(player)) return;
    planned.add(player);
    turns.plan(() => {
      planned.delete(player);
      taken++;
      player.turns++;
      if (turn(host.room, player.served.vif, 0)) wake(player);
    });
  };
  return { players, wake, calls, taken: () => taken };
}

/** Fills the rings of a guest both ways, and the link that is behind it. */
function flood({ served, link, queue }: Player): void {
  takeAnswers(served.guest, queue);
  takeReceived(served.guest, queue);
  offer(served.guest, queue, 256);
  while (send(served.guest, queue, someFrame(random, 100)));
  publishSent(queue);
  while ((link.incoming[0] as Uint8Array[]).length < 256) {
    link.receive(plain(someFrame(random, 100)));
  }
}

it('a flood takes nobody’s turn: who has a frame waits for one of each other', () => {
  const { players, wake, calls, taken } = open();
  const [greedy, ...quiet] = players as [Player, ...Player[]];
  for (let round = 0; round < 20; round++) {
    flood(greedy);
    wake(greedy);
    calls.shift()?.();
    const before = taken();
    for (const each of quiet) {
      send(each.served.guest, each.queue, someFrame(random, 100));
      publishSent(each.queue);
      wake(each);
    }
    const sent = quiet.map(({ link }) => link.sent.length);
    for (const [i, each] of quiet.entries()) {
      while (each.link.sent.length === sent[i]) {
        flood(greedy);
        calls.shift()?.();
      }
      expect(taken() - before).toBeLessThanOrEqual(turnsWaited(VIFS));
    }
  }
  expect(Math.min(...quiet.map(({ turns }) => turns))).toBe(20);
});

it('a turn is bounded, whatever there is', () => {
  const { players, wake, calls } = open();
  const [greedy] = players as [Player];
  flood(greedy);
  wake(greedy);
  while (greedy.turns === 0) calls.shift()?.();
  takeAnswers(greedy.served.guest, greedy.queue);
  expect(greedy.queue.answers.length).toBeLessThanOrEqual(4 * PACKETS_PER_TURN);
  expect(greedy.link.sent.length).toBe(greedy.turns * PACKETS_PER_TURN);
  const got = takeReceived(greedy.served.guest, greedy.queue).length;
  expect(got).toBeLessThanOrEqual(greedy.turns * FRAMES_PER_TURN);
  expect(got).toBeGreaterThan(0);
});

it('of large packets it takes as many as its memory has room for', () => {
  const { players, wake, calls } = open();
  const [greedy] = players as [Player];
  const { served, queue, link } = greedy;
  for (let i = 0; i < 15; i++) send(served.guest, queue, someFrame(random, 65_000));
  publishSent(queue);
  wake(greedy);
  while (queue.sent.size > 0) {
    const before = link.sent.length;
    const turnsBefore = greedy.turns;
    calls.shift()?.();
    takeAnswers(served.guest, queue);
    const most = Math.floor(SLAB_PAGES / 16) * (greedy.turns - turnsBefore);
    expect(link.sent.length - before).toBeLessThanOrEqual(most);
  }
  expect(link.sent).toHaveLength(15);
});
