/** What a block backend's guest gets where the disk, the guest itself or the memory fails. */

import { describe, expect, it } from 'vitest';
import { isIdle } from '../../../drivers/blkback/core/disk.ts';
import { turn } from '../../../drivers/blkback/core/turn.ts';
import {
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
} from '../../../shared/abi/blkif.ts';
import { prng } from '../../../shared/core/prng.ts';
import { NONE, openAsking, page, run, whole } from './asking.ts';
import { ask, publishAll, takeAnswers } from './guest.ts';
import { expectTheSame, finishAll, takeOver } from './world.ts';

it('a read or write that the disk cannot do is answered with an error', () => {
  const world = openAsking();
  world.memory.fails = (kind) => kind === 'read' || kind === 'write';
  world.ask(whole(world, BLKIF_OP_READ, 8, 0));
  world.ask(whole(world, BLKIF_OP_WRITE, 16, 1));
  run(world);
  takeAnswers(world.guest, () => -1);
  expect([world.guest.answered, world.isHeld]).toEqual([2, false]);
  expectTheSame(world);
});

it('so is one that is begun again after a death, which is done alone', () => {
  const world = openAsking();
  world.memory.fails = (kind) => kind === 'read' || kind === 'write';
  world.ask(whole(world, BLKIF_OP_READ, 8, 0));
  world.ask(whole(world, BLKIF_OP_WRITE, 16, 1));
  publishAll(world.guest);
  turn(world.disk);
  takeOver(world);
  run(world);
  takeAnswers(world.guest, () => -1);
  expect([world.guest.answered, world.isHeld]).toEqual([2, false]);
});

// blkif_interrupt in xen-blkfront.c @ v6.12 takes an error there for success, and flushes no more.
it('frontend trap 2: a flush that fails is not answered before it has been done', () => {
  const world = openAsking();
  world.memory.fails = (kind) => kind === 'flush';
  world.ask({ operation: BLKIF_OP_FLUSH_DISKCACHE, ...NONE });
  run(world);
  takeAnswers(world.guest);
  expect([world.guest.answered, world.isHeld]).toEqual([0, true]);
  world.memory.fails = () => false;
  finishAll(world);
  expect([world.guest.answered, world.memory.flushes]).toEqual([1, 1]);
});

it('where errors stop the disk, nothing is answered until it works again', () => {
  const world = openAsking();
  Object.assign(world.disk, { onError: 'stop' });
  world.memory.fails = () => true;
  world.ask(whole(world, BLKIF_OP_WRITE, 16, 1));
  run(world);
  takeAnswers(world.guest);
  expect([world.guest.answered, world.isHeld]).toEqual([0, true]);
  world.memory.fails = () => false;
  finishAll(world);
  expectTheSame(world);
});

describe('a barrier', () => {
  it('begins after all before it, and all after it when it is done', () => {
    const world = openAsking();
    const order: string[] = [];
    world.memory.fails = (kind, sector) => {
      order.push(kind === 'write' ? `write ${sector}` : kind);
      return false;
    };
    for (const at of [0, 8, 16]) world.ask(whole(world, BLKIF_OP_WRITE, at, at));
    world.ask(whole(world, BLKIF_OP_WRITE_BARRIER, 100, 7));
    for (const at of [24, 32, 40]) world.ask(whole(world, BLKIF_OP_WRITE, at, at));
    publishAll(world.guest);
    finishAll(world);
    expect(order.slice(0, 3).sort()).toEqual(['write 0', 'write 16', 'write 8']);
    expect(order.slice(3, 6)).toEqual(['flush', 'write 100', 'flush']);
    expect(order.slice(6).sort()).toEqual(['write 24', 'write 32', 'write 40']);
    expectTheSame(world);
  });

  it('whose data the guest has not granted is refused, and holds nothing up', () => {
    const world = openAsking();
    const barrier = whole(world, BLKIF_OP_WRITE_BARRIER, 100, 7);
    world.guest.pages.delete(barrier.segments[0]?.gref as number);
    world.ask(barrier);
    world.ask(whole(world, BLKIF_OP_WRITE, 0, 1));
    run(world);
    takeAnswers(world.guest, (asked) => (asked === barrier ? -1 : 0));
    expect([world.guest.answered, world.reports]).toEqual([2, ['a page that it has not granted']]);
  });

  it('that fails in its last flush is held like a flush', () => {
    const world = openAsking();
    world.memory.fails = (kind) => kind === 'flush' && world.memory.flushes === 1;
    world.ask(whole(world, BLKIF_OP_WRITE_BARRIER, 100, 7));
    run(world);
    takeAnswers(world.guest);
    expect([world.guest.answered, world.isHeld]).toEqual([0, true]);
    world.memory.fails = () => false;
    finishAll(world);
    expectTheSame(world);
  });
});

// What fails of many pages must not be forgotten, nor told twice.
it.each([
  ['read', BLKIF_OP_READ],
  ['write', BLKIF_OP_WRITE],
])(
  'XSA-361, 362: a %s of which one page is not granted fails alone, and is told once',
  (_, operation) => {
    const world = openAsking();
    const bad = Array.from({ length: 5 }, (_, i) => whole(world, operation, 8 * i, 3, 1));
    for (const asked of bad) {
      const segments = [...asked.segments, { gref: 0xffff_fff0, first: 0, last: 7 }];
      world.ask({ ...asked, segments });
    }
    world.ask(whole(world, BLKIF_OP_WRITE, 400, 9));
    run(world);
    takeAnswers(world.guest, ({ sector }) => (sector === 400 ? 0 : -1));
    expect(world.guest.answered).toBe(6);
    expect(world.reports).toEqual(['a page that it has not granted']);
    expect(isIdle(world.disk)).toBe(true);
  },
);

it('an indirect request whose list is not granted is refused', () => {
  const world = openAsking();
  const asked = { ...whole(world, BLKIF_OP_READ, 8, 0, 20), isIndirect: true };
  const list = page(world, 0);
  world.ask({ ...asked, pages: [list] });
  world.guest.pages.delete(list);
  run(world);
  takeAnswers(world.guest, () => -1);
  expect([world.guest.answered, world.reports]).toEqual([1, ['a page that it has not granted']]);
});

// Its list lies in a page that it can write to all the time.
it('disk trap 2; XSA-155: an indirect request is what its list was when it was read', () => {
  const world = openAsking();
  const list = page(world, 0);
  const asked = { ...whole(world, BLKIF_OP_WRITE, 8, 5, 20), isIndirect: true, pages: [list] };
  world.ask(asked);
  publishAll(world.guest);
  turn(world.disk);
  world.guest.pages.get(list)?.fill(0xff);
  finishAll(world);
  expectTheSame(world);
});

it('ring trap 2; XSA-39: a ring whose indices lie is given up, with all that is under way', () => {
  const world = openAsking();
  const random = prng(9);
  while (world.queue.asked.size < 25) ask(world.guest, random);
  publishAll(world.guest);
  turn(world.disk);
  const before = world.queue.region.words[2];
  world.queue.region.words[0] = 0x4000_0000;
  run(world);
  expect(world.broken).toEqual(['the indices of a ring are impossible']);
  expect(isIdle(world.disk)).toBe(true);
  expect(world.disk.slab.free).toBe(world.disk.slab.pages);
  expect(world.queue.region.words[2]).toBe(before);
});

it('a disk that is closed finishes what it has taken, and takes no more', () => {
  const world = openAsking();
  world.ask(whole(world, BLKIF_OP_WRITE, 0, 1));
  publishAll(world.guest);
  turn(world.disk);
  world.disk.isClosing = true;
  world.ask(whole(world, BLKIF_OP_WRITE, 8, 2));
  run(world);
  takeAnswers(world.guest);
  expect([world.guest.answered, isIdle(world.disk)]).toEqual([1, true]);
});

it('more than fits into memory waits for it, in order', () => {
  const world = openAsking();
  const list = (): number => page(world, 0);
  const many = Array.from({ length: 12 }, (_, i) => ({
    ...whole(world, BLKIF_OP_WRITE, 300 * i, i + 1, 37),
    ...{ isIndirect: true, pages: [list()] },
  }));
  for (const asked of many) world.ask(asked);
  publishAll(world.guest);
  turn(world.disk);
  expect(world.disk.busy).toBe(6);
  finishAll(world);
  expect(world.guest.answered).toBe(12);
  expectTheSame(world);
});

it('an operation that nobody knows is answered, and tells of nothing else', () => {
  const world = openAsking();
  for (const operation of [4, 77, 255]) world.ask({ operation, ...NONE });
  run(world);
  takeAnswers(world.guest, () => -2);
  expect([world.guest.answered, world.reports]).toEqual([3, ['an unknown operation']]);
});
