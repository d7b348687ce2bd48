/** A guest that asks for one thing after the other, and looks at what comes of it. */

import { turn } from '../../../drivers/blkback/core/turn.ts';
import { prng } from '../../../shared/core/prng.ts';
import type { Protocol } from '../../../shared/ring/blkif-slots.ts';
import { type Asked, type GuestQueue, publishAll, put } from './guest.ts';
import { createWorld, protocols, type World } from './world.ts';

/** A request without data. */
export const NONE = { sector: 0, segments: [], data: new Uint8Array(0), pages: [] };
/** Its first ring, and a request put into that. */
export type Asking = World & { readonly queue: GuestQueue; ask(asked: Asked): void };

export function openAsking(seed = 1, protocol: Protocol = protocols['64 bits']): Asking {
  const world = createWorld(prng(seed), protocol);
  const queue = world.guest.queues[0] as GuestQueue;
  return Object.assign(world, { queue, ask: (asked: Asked) => put(world.guest, queue, asked) });
}

/** A page of the guest’s with `byte` in each place. */
export function page({ guest }: World, byte: number): number {
  const gref = guest.next++;
  guest.pages.set(gref, new Uint8Array(4096).fill(byte));
  return gref;
}

/** A request for whole pages from a sector on. */
export function whole(
  world: World,
  operation: number,
  sector: number,
  byte: number,
  count = 1,
): Asked {
  const segments = Array.from({ length: count }, () => ({
    ...{ gref: page(world, byte), first: 0, last: 7 },
  }));
  return { operation, sector, segments, data: new Uint8Array(count * 4096).fill(byte), pages: [] };
}

/** Turns and steps of the disk until nothing changes. */
export function run(world: World, rounds = 60): void {
  publishAll(world.guest);
  for (let i = 0; i < rounds; i++) {
    turn(world.disk);
    world.memory.step();
  }
}
