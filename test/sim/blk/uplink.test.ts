/** The front end of a disk against the back end's core: what is asked of a disk through both. */

import { expect, it } from 'vitest';
import { turn } from '../../../drivers/blkback/core/turn.ts';
import {
  createUplink,
  type Uplink,
  type UplinkShape,
} from '../../../drivers/blkfront/core/uplink.ts';
import { gref } from '../../../shared/core/ids.ts';
import { type Prng, prng } from '../../../shared/core/prng.ts';
import type { BlockIo } from '../../../shared/platform/block-io.ts';
import type { Offer } from '../../../shared/platform/grants.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import { initRing } from '../../../shared/ring/io-ring.ts';
import { regionOf } from './guest.ts';
import { createWorld, protocols, takeOver, type World } from './world.ts';

const DATA_PAGES = 64;
const LISTS = 3;
const SECTORS = 4096;

const SHAPE: UplinkShape = {
  ...{ sectorBytes: 512, sectors: SECTORS, isReadOnly: false, canDiscard: true },
  ...{ canDiscardSecurely: false, flush: 'flush', segmentsMax: 32 },
};

/** Pages that the back end may copy from and to. */
function offer({ guest }: World, pages: number): Offer {
  const region = regionOf(pages);
  const grefs = Array.from({ length: pages }, (_, i) => {
    const ref = guest.next++;
    guest.pages.set(ref, region.bytes.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE));
    return gref(ref);
  });
  return { region, grefs };
}

interface Scene {
  readonly world: World;
  readonly uplink: Uplink;
  readonly lies: string[];
}

function begin({ world, uplink }: Pick<Scene, 'world' | 'uplink'>, shape = SHAPE): void {
  const [queue] = world.guest.queues;
  if (queue === undefined) throw new Error('no queue');
  const pages = { region: queue.region, grefs: [] };
  uplink.begin({ pages, lists: offer(world, LISTS), notify: () => {} }, shape);
}

function open(random: Prng, shape = SHAPE): Scene {
  const world = createWorld(random, protocols['64 bits']);
  const lies: string[] = [];
  const uplink = createUplink(shape, (what) => void lies.push(what));
  begin({ world, uplink }, shape);
  return { world, uplink, lies };
}

/** One who uses the disk: what it asks for never touches what is under way. */
interface User {
  readonly io: BlockIo;
  readonly data: Offer;
  readonly underWay: Map<number, { readonly what: string; readonly sector: number }>;
  /** The sectors that are its own. */
  readonly from: number;
  readonly wanted: Uint8Array;
  completed: number;
}

const SLOTS = 4;
/** Each operation has a part of the memory, and of the disk. */
const PART_BYTES = (DATA_PAGES / SLOTS) * PAGE_SIZE;
const PART_SECTORS = PART_BYTES / 512;

function addUser({ world, uplink }: Scene, from: number): User {
  const data = offer(world, DATA_PAGES);
  const io = uplink.open(data, () => {});
  const wanted = world.memory.bytes.slice(from * 512, (from + SLOTS * PART_SECTORS) * 512);
  return { io, data, underWay: new Map(), from, wanted, completed: 0 };
}

function ask({ io, data, underWay, from, wanted }: User, random: Prng): void {
  const number = random.below(SLOTS);
  if (underWay.has(number)) return;
  const start = number * PART_SECTORS;
  const first = random.below(PART_SECTORS);
  const count = 1 + random.below(PART_SECTORS - first);
  const what = random.pick(['read', 'write', 'write', 'flush', 'discard']);
  const at = start * 512 + 512 * random.below(PART_SECTORS - count + 1);
  const [place, bytes] = [(start + first) * 512, count * 512];
  underWay.set(number, { what, sector: from + start + first });
  if (what === 'flush') io.flush(number);
  else if (what === 'discard') {
    io.discard(number, from + start + first, count, false);
    wanted.fill(0, place, place + bytes);
  } else if (what === 'write') {
    for (let i = 0; i < bytes; i += 97) data.region.bytes[at + i] = random.next();
    io.write(number, from + start + first, data.region, at, bytes);
    wanted.set(data.region.bytes.subarray(at, at + bytes), place);
  } else {
    io.read(number, from + start + first, data.region, at, bytes);
    reads.set(data, [...(reads.get(data) ?? []), { number, at, place, bytes }]);
  }
}

/** Where data of reads is to be. */
const reads = new WeakMap<
  Offer,
  { readonly number: number; readonly at: number; readonly place: number; readonly bytes: number }[]
>();

const into = new Int32Array(2 * SLOTS);

function takeCompletions(user: User, wantResult = 0): void {
  const count = user.io.completions(into);
  for (let i = 0; i < count; i++) {
    const number = into[2 * i] as number;
    expect(user.underWay.has(number)).toBe(true);
    expect(into[2 * i + 1]).toBe(wantResult);
    user.underWay.delete(number);
    user.completed++;
    const all = reads.get(user.data) ?? [];
    const read = all.find((each) => each.number === number);
    if (read === undefined) continue;
    reads.set(
      user.data,
      all.filter((each) => each !== read),
    );
    const got = user.data.region.bytes.subarray(read.at, read.at + read.bytes);
    expect(Buffer.compare(got, user.wanted.subarray(read.place, read.place + read.bytes))).toBe(0);
  }
}

function step({ world, uplink }: Scene, users: readonly User[], random: Prng): void {
  for (const user of users) user.io.submit();
  if (random.chance(0.8)) turn(world.disk);
  world.memory.step();
  if (random.chance(0.7)) expect(uplink.heard()).toBe(true);
  for (const user of users) takeCompletions(user);
}

function finish(scene: Scene, users: readonly User[], random: Prng): void {
  for (let i = 0; users.some(({ underWay }) => underWay.size > 0); i++) {
    if (i === 2000) throw new Error('operations are never completed');
    step(scene, users, random);
  }
  for (const { from, wanted } of users) {
    const found = scene.world.memory.bytes.subarray(from * 512, from * 512 + wanted.length);
    expect(Buffer.compare(found, wanted)).toBe(0);
  }
}

it.each([
  ['large requests', SHAPE],
  ['small ones only', { ...SHAPE, segmentsMax: 0 }],
  ['barriers for flushes', { ...SHAPE, flush: 'barrier' as const }],
  ['no cache', { ...SHAPE, flush: 'none' as const }],
])('two who use one disk get what is theirs: %s', (_, shape) => {
  for (let seed = 0; seed < 6; seed++) {
    const random = prng(seed);
    const scene = open(random, shape);
    const users = [addUser(scene, 0), addUser(scene, SLOTS * PART_SECTORS)];
    for (let i = 0; i < 300; i++) {
      for (const user of users) ask(user, random);
      step(scene, users, random);
    }
    finish(scene, users, random);
    expect(users.every(({ completed }) => completed > 50)).toBe(true);
    expect([scene.lies, scene.world.reports, scene.world.broken]).toEqual([[], [], []]);
  }
});

it('whose back end dies and goes on is not noticed', () => {
  for (let seed = 0; seed < 10; seed++) {
    const random = prng(100 + seed);
    const scene = open(random);
    const users = [addUser(scene, 0), addUser(scene, SLOTS * PART_SECTORS)];
    for (let i = 0; i < 300; i++) {
      for (const user of users) ask(user, random);
      step(scene, users, random);
      if (random.chance(0.05)) takeOver(scene.world, 99);
    }
    finish(scene, users, random);
  }
});

it('a back end that begins anew is asked again for all that it had not answered', () => {
  for (let seed = 0; seed < 10; seed++) {
    const random = prng(200 + seed);
    const scene = open(random);
    const users = [addUser(scene, 0), addUser(scene, SLOTS * PART_SECTORS)];
    let times = 0;
    for (let i = 0; i < 300; i++) {
      for (const user of users) ask(user, random);
      step(scene, users, random);
      if (!random.chance(0.05)) continue;
      times++;
      scene.world.memory.abandon();
      scene.uplink.end();
      for (const user of users) ask(user, random);
      const { region, journal } = scene.world.guest.queues[0] as {
        region: Offer['region'];
        journal: Offer['region'];
      };
      initRing(region);
      journal.bytes.fill(0);
      takeOver(scene.world, 99);
      begin(scene);
    }
    finish(scene, users, random);
    expect(times).toBeGreaterThan(3);
  }
});

it('what the disk cannot do is told, once for each operation', () => {
  const random = prng(7);
  const scene = open(random);
  scene.world.memory.fails = (kind, sector) => kind === 'write' && sector >= 40;
  const user = addUser(scene, 0);
  user.io.write(1, 8, user.data.region, 0, 64 * PAGE_SIZE);
  user.underWay.set(1, { what: 'write', sector: 8 });
  for (let i = 0; i < 100 && user.underWay.size > 0; i++) {
    user.io.submit();
    turn(scene.world.disk);
    scene.world.memory.step();
    scene.uplink.heard();
    takeCompletions(user, -5);
  }
  expect(user.completed).toBe(1);
});

it.each<[string, (words: Int32Array) => void]>([
  ['an index that is impossible', (words) => words.fill(0x4000_0000, 2, 3)],
  ['an answer to nothing', (words) => words.fill(1, 2, 3)],
  [
    'an answer to another operation',
    (words) => {
      words[16] = 31;
      words[17] = 0;
      words[18] = 1;
      words.fill(1, 2, 3);
    },
  ],
])('XSA-396: a back end that lies is not listened to: %s', (_, lie) => {
  const scene = open(prng(8));
  const user = addUser(scene, 0);
  user.io.read(1, 0, user.data.region, 0, 512);
  user.io.submit();
  lie(scene.world.guest.queues[0]?.region.words as Int32Array);
  expect(scene.uplink.heard()).toBe(false);
  expect(scene.lies).toEqual(['the back end answers what nobody has asked']);
  expect(scene.uplink.heard()).toBe(false);
  expect(user.io.completions(into)).toBe(0);
});
