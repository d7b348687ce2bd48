/**
 * What guests have done to block backends, by the numbers of the table in
 * drivers/blkback/traps.md or of the advisory.
 */

import { describe, expect, it } from 'vitest';
import { turn } from '../../../drivers/blkback/core/turn.ts';
import { offered } from '../../../drivers/blkback/keys.ts';
import {
  BLKIF_DISCARD_SECURE,
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
} from '../../../shared/abi/blkif.ts';
import { NONE, openAsking, page, run, whole } from './asking.ts';
import { type Asked, publishAll, takeAnswers } from './guest.ts';
import { expectIdle, expectTheSame, finishAll, protocols } from './world.ts';

describe.each(Object.entries(protocols))('ring trap 5; XSA-216: a ring of %s', (_, protocol) => {
  it('has of an answer what the answer says, and nothing of ours', () => {
    const world = openAsking(1, protocol);
    const { bytes } = world.queue.region;
    // The pad of the header, which a frontend may fill as it likes.
    bytes.fill(0xee, 16, 64);
    world.ask(whole(world, BLKIF_OP_WRITE, 8, 1));
    publishAll(world.guest);
    const before = bytes.slice();
    run(world);
    expect(bytes.slice(16, 64)).toEqual(before.slice(16, 64));
    const size = 4 * protocol.responseWords;
    // What lies behind the operation byte, and behind the status.
    expect([bytes[64 + 9], ...bytes.slice(64 + 12, 64 + size)]).toEqual(
      Array.from({ length: 1 + size - 12 }, () => 0),
    );
    expect(bytes.slice(64 + size)).toEqual(before.slice(64 + size));
    takeAnswers(world.guest);
    expectTheSame(world);
  });
});

/** The same page for each segment. */
function onePage(operation: number, sector: number, gref: number): Asked {
  const segments = Array.from({ length: 4 }, () => ({ gref, first: 0, last: 7 }));
  return { ...NONE, operation, sector, segments, data: new Uint8Array(4 * 4096) };
}

describe('disk trap 3; XSA-350, XSA-361, XSA-365: one page', () => {
  it('in many segments of many requests is written from as it is', () => {
    const world = openAsking(2);
    const gref = page(world, 7);
    const sectors = [0, 32, 64, 96];
    for (const sector of sectors) world.ask(onePage(BLKIF_OP_WRITE, sector, gref));
    run(world);
    takeAnswers(world.guest);
    const end = 128 * 512;
    expect(world.memory.bytes.subarray(0, end).every((byte) => byte === 7)).toBe(true);
    expectIdle(world.disk);
  });

  it('that is taken back between two requests fails the second alone', () => {
    const world = openAsking(3);
    const gref = page(world, 7);
    world.ask(onePage(BLKIF_OP_READ, 0, gref));
    const bytes = world.guest.pages.get(gref) as Uint8Array;
    run(world);
    // The guest takes it back with the answer: nothing holds it.
    world.queue.asked.clear();
    world.guest.pages.delete(gref);
    const held = bytes.slice();
    world.ask(onePage(BLKIF_OP_READ, 32, gref));
    run(world);
    expect(bytes).toEqual(held);
    expect(world.reports).toEqual(['a page that it has not granted']);
    expectIdle(world.disk);
  });
});

it('disk trap 4: a page is copied to while the request is there, and never again', () => {
  const world = openAsking(4);
  const asked = whole(world, BLKIF_OP_READ, 8, 0);
  const bytes = world.guest.pages.get(asked.segments[0]?.gref as number) as Uint8Array;
  asked.data.set(world.guest.disk.subarray(8 * 512, 16 * 512));
  world.ask(asked);
  run(world);
  takeAnswers(world.guest);
  bytes.fill(0x33);
  world.memory.bytes.fill(0x44);
  for (let i = 0; i < 20; i++) turn(world.disk);
  expect(bytes.every((byte) => byte === 0x33)).toBe(true);
  const keys = { isCdrom: false, isRemovable: false };
  const device = { ...keys, frontend: '/f', frontendId: 1, params: '/d', mode: 'w' };
  const nodes = offered(
    '/b',
    { ...device, rate: { bytes: 0, operations: 0 } },
    world.memory.io.shape,
    { queuesMax: 4, orderMax: 4 },
  );
  // Pages that stay granted are offered to nobody, so that none is kept.
  expect(nodes.filter(({ path }) => path.includes('persistent'))).toEqual([
    { path: '/b/feature-persistent', value: '0' },
  ]);
});

it.each([
  ['ignored where it was not offered', false, [false]],
  ['heeded where it was', true, [true]],
])('disk trap 5: a secure discard is %s', (_, canDiscardSecurely, want) => {
  const world = openAsking(5);
  Object.assign(world.memory.io.shape, { canDiscardSecurely });
  const asked: boolean[] = [];
  const { discard } = world.memory.io;
  Object.assign(world.memory.io, {
    discard: (...args: Parameters<typeof discard>) => {
      asked.push(args[3]);
      discard(...args);
    },
  });
  const flags = BLKIF_DISCARD_SECURE;
  world.ask({ ...NONE, operation: BLKIF_OP_DISCARD, sector: 8, sectors: 8, flags });
  publishAll(world.guest);
  finishAll(world);
  expect(asked).toEqual(want);
  expectTheSame(world);
});

it('disk trap 6: a write to a disk that cannot be written is refused, and reads go on', () => {
  const world = openAsking(6);
  Object.assign(world.memory.io.shape, { isReadOnly: true });
  const read = whole(world, BLKIF_OP_READ, 8, 0);
  read.data.set(world.guest.disk.subarray(8 * 512, 16 * 512));
  const write = whole(world, BLKIF_OP_WRITE, 8, 1);
  const discard = { ...NONE, operation: BLKIF_OP_DISCARD, sector: 8, sectors: 8 };
  for (const asked of [write, discard, read]) world.ask(asked);
  run(world);
  takeAnswers(world.guest, (asked) => (asked === read ? 0 : -1));
  expect([world.guest.answered, world.reports]).toEqual([
    3,
    ['a write to a disk that is read-only'],
  ]);
  expectTheSame(world);
});

it('disk trap 10; XSA-229: sectors that follow each other are no reason to join pages', () => {
  const world = openAsking(7);
  const batch = world.disk.batch;
  const copies: string[] = [];
  const { fromGuest } = batch;
  Object.assign(batch, {
    fromGuest: (...args: Parameters<typeof fromGuest>) => {
      const [, gref, offset, , , size] = args;
      copies.push(`${gref} ${offset} ${size}`);
      fromGuest(...args);
    },
  });
  // References that follow each other, too, of one request and of the next.
  const asked = [0, 16].map((sector) => whole(world, BLKIF_OP_WRITE, sector, sector, 2));
  for (const each of asked) world.ask(each);
  publishAll(world.guest);
  finishAll(world);
  const grefs = asked.flatMap(({ segments }) => segments.map(({ gref }) => gref));
  expect(grefs.map((gref) => gref - (grefs[0] as number))).toEqual([0, 1, 2, 3]);
  expect(copies).toEqual(grefs.map((gref) => `${gref} 0 4096`));
  expectTheSame(world);
});

it('frontend trap 1: an answer names the operation within, once, in a slot that is free', () => {
  const world = openAsking(8);
  const asked = [BLKIF_OP_READ, BLKIF_OP_WRITE].map((operation, i) => ({
    ...whole(world, operation, 200 * i, 0, 20),
    ...{ isIndirect: true, pages: [page(world, 0)] },
  }));
  asked[0]?.data.set(world.guest.disk.subarray(0, 20 * 4096));
  for (const each of asked) world.ask(each);
  for (let i = 0; i < 30; i++) world.ask({ ...NONE, operation: BLKIF_OP_FLUSH_DISKCACHE });
  run(world);
  const { words } = world.queue.region;
  const [reqProd, rspProd] = [words[0], words[2]];
  expect([reqProd, rspProd]).toEqual([32, 32]);
  const operations = Array.from(
    { length: 32 },
    (_, slot) => (words[16 + 28 * slot + 2] as number) & 0xff,
  );
  expect(operations.filter((each) => each !== BLKIF_OP_FLUSH_DISKCACHE).sort()).toEqual([
    BLKIF_OP_READ,
    BLKIF_OP_WRITE,
  ]);
  // Each is one that waits, and none is answered twice.
  takeAnswers(world.guest);
  expect(world.queue.asked.size).toBe(0);
  expectTheSame(world);
});
