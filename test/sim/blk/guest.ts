/** A guest with a disk, in memory that a backend copies to and from: it checks all that it gets. */

import { journalPages } from '../../../drivers/blkback/core/journal.ts';
import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_INDIRECT,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
} from '../../../shared/abi/blkif.ts';
import { assert } from '../../../shared/core/assert.ts';
import type { Errno } from '../../../shared/core/errno.ts';
import type { Prng } from '../../../shared/core/prng.ts';
import type { CopyBatch } from '../../../shared/platform/grants.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import type { Protocol } from '../../../shared/ring/blkif-slots.ts';
import {
  createFrontRing,
  type FrontRing,
  initRing,
  nextRequest,
  publishRequests,
  requestRoom,
  takeResponses,
} from '../../../shared/ring/io-ring.ts';

export function regionOf(pages: number): Region {
  const memory = new ArrayBuffer(pages * PAGE_SIZE);
  return { bytes: new Uint8Array(memory), words: new Int32Array(memory) };
}

/** Pages of a guest by their references. */
export type Pages = Map<number, Uint8Array>;

export function createFakeBatch(pages: Pages, max: number): CopyBatch {
  const errors: (Errno | undefined)[] = [];
  const todo: (() => Errno | undefined)[] = [];
  const add =
    (isToGuest: boolean): CopyBatch['toGuest'] =>
    (_domid, gref, offset, { bytes }, at, size) => {
      assert(todo.length < max, 'too many copies');
      const inPage = (at & (PAGE_SIZE - 1)) + size <= PAGE_SIZE;
      assert(offset + size <= PAGE_SIZE && inPage, 'a copy across a page');
      todo.push(() => {
        const page = pages.get(gref);
        if (page === undefined) return 'EINVAL';
        if (isToGuest) page.set(bytes.subarray(at, at + size), offset);
        else bytes.set(page.subarray(offset, offset + size), at);
        return undefined;
      });
    };
  return {
    max,
    get count() {
      return todo.length;
    },
    clear: () => {
      todo.length = 0;
      errors.length = 0;
    },
    fromGuest: add(false),
    toGuest: add(true),
    run: () => {
      errors.push(...todo.map((copy) => copy()));
      return errors.filter((error) => error !== undefined).length;
    },
    error: (index) => errors[index],
  };
}

interface Segment {
  gref: number;
  readonly first: number;
  readonly last: number;
}

export interface Asked {
  readonly operation: number;
  readonly isIndirect?: boolean;
  readonly sector: number;
  readonly segments: readonly Segment[];
  readonly sectors?: number;
  readonly flags?: number;
  /** What is in a write’s segments, or must be in a read’s afterwards. */
  readonly data: Uint8Array;
  /** Pages that are the request’s alone. */
  readonly pages: readonly number[];
}

export interface GuestQueue {
  readonly region: Region;
  readonly journal: Region;
  readonly front: FrontRing;
  readonly asked: Map<number, Asked>;
}

/** Whether two runs of sectors have one in common. */
const overlaps = (a: Asked, sector: number, sectors: number): boolean =>
  sector < a.sector + sectorsOf(a) && a.sector < sector + sectors;

export const sectorsOf = ({ segments, sectors }: Asked): number =>
  sectors ?? segments.reduce((sum, { first, last }) => sum + last - first + 1, 0);

export interface Guest {
  readonly pages: Pages;
  readonly queues: readonly GuestQueue[];
  readonly protocol: Protocol;
  /** What the disk must hold, as far as it was acknowledged. */
  readonly disk: Uint8Array;
  answered: number;
  next: number;
}

export function createGuest(
  protocol: Protocol,
  queues: number,
  disk: Uint8Array,
  order = 0,
): Guest {
  return {
    pages: new Map(),
    protocol,
    disk: disk.slice(),
    answered: 0,
    next: 1,
    queues: Array.from({ length: queues }, () => {
      const region = regionOf(2 ** order);
      initRing(region);
      const front = createFrontRing(region, protocol.slotBytes);
      return { region, front, journal: regionOf(journalPages(front.slots)), asked: new Map() };
    }),
  };
}

function newPage(guest: Guest): number {
  const gref = guest.next++;
  guest.pages.set(gref, new Uint8Array(PAGE_SIZE));
  return gref;
}

function putSegments(words: Int32Array, at: number, segments: readonly Segment[]): void {
  segments.forEach(({ gref, first, last }, i) => {
    words[at + 2 * i] = gref;
    words[at + 2 * i + 1] = first | (last << 8);
  });
}

/** Puts a request into a queue’s ring. Its id is chosen here. */
export function put(guest: Guest, queue: GuestQueue, asked: Asked): void {
  const { protocol } = guest;
  const { words } = queue.region;
  const at = nextRequest(queue.front) / 4;
  const id = guest.next++;
  words.fill(-1, at, at + protocol.slotBytes / 4);
  const low = asked.isIndirect ? BLKIF_OP_INDIRECT : asked.operation;
  const count = asked.segments.length;
  const middle = asked.operation === BLKIF_OP_DISCARD ? (asked.flags ?? 0) : count;
  words[at] = asked.isIndirect
    ? low | (asked.operation << 8) | (count << 16)
    : low | (middle << 8) | (0x1234 << 16);
  words[at + protocol.idWord] = id;
  words[at + protocol.idWord + 1] = ~id;
  words[at + protocol.sectorWord] = asked.sector;
  words[at + protocol.sectorWord + 1] = Math.floor(asked.sector / 2 ** 32);
  if (asked.operation === BLKIF_OP_DISCARD) {
    words[at + protocol.restWord] = asked.sectors ?? 0;
    words[at + protocol.restWord + 1] = 0;
  } else if (asked.isIndirect) {
    words[at + protocol.grefsWord] = asked.pages[0] as number;
    const page = guest.pages.get(asked.pages[0] as number) as Uint8Array;
    putSegments(new Int32Array(page.buffer), 0, asked.segments);
  } else putSegments(words, at + protocol.restWord, asked.segments);
  queue.asked.set(id, asked);
}

/** So many segments at random, of no pages yet. */
function segmentsFor(random: Prng, count: number, align: number): Segment[] {
  return Array.from({ length: count }, () => {
    const pieces = 8 / align;
    const first = random.chance(0.6) ? 0 : random.below(pieces);
    const last = random.chance(0.6) ? pieces - 1 : first + random.below(pieces - first);
    return { gref: 0, first: first * align, last: last * align + align - 1 };
  });
}

function eachSegment(
  guest: Guest,
  { segments }: Pick<Asked, 'segments'>,
  then: (bytes: Uint8Array, at: number) => void,
): void {
  let at = 0;
  for (const { gref, first, last } of segments) {
    const page = guest.pages.get(gref) as Uint8Array;
    const bytes = page.subarray(first * 512, (last + 1) * 512);
    then(bytes, at);
    at += bytes.length;
  }
}
/** A random request that touches nothing that is under way; false: there is none now. */
export function ask(guest: Guest, random: Prng, align = 1): boolean {
  const queue = random.pick(guest.queues);
  if (requestRoom(queue.front) === 0) return false;
  const all = guest.disk.length / 512;
  const operation = random.pick([
    ...[BLKIF_OP_READ, BLKIF_OP_READ, BLKIF_OP_READ, BLKIF_OP_WRITE, BLKIF_OP_WRITE],
    ...[BLKIF_OP_WRITE, BLKIF_OP_WRITE, BLKIF_OP_FLUSH_DISKCACHE, BLKIF_OP_DISCARD],
    BLKIF_OP_WRITE_BARRIER,
  ]);
  const none = { sector: 0, segments: [], data: new Uint8Array(0), pages: [] };
  if (operation === BLKIF_OP_FLUSH_DISKCACHE) {
    put(guest, queue, { operation, ...none });
    return true;
  }
  const isIndirect = operation < BLKIF_OP_WRITE_BARRIER && random.chance(0.3);
  const isDiscard = operation === BLKIF_OP_DISCARD;
  const count = isDiscard ? 0 : 1 + random.below(isIndirect ? 40 : 11);
  const segments = segmentsFor(random, count, align);
  const sectors = isDiscard
    ? align * (1 + random.below(16))
    : segments.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const sector = align * random.below((all - sectors) / align);
  const others = guest.queues.flatMap(({ asked }) => [...asked.values()]);
  if (others.some((other) => overlaps(other, sector, sectors))) return false;
  for (const segment of segments) segment.gref = newPage(guest);
  const pages = isIndirect ? [newPage(guest)] : [];
  const data = new Uint8Array(sectors * 512);
  const rest = { isIndirect, sector, segments, pages, ...(isDiscard && { sectors }) };
  if (operation === BLKIF_OP_READ) {
    data.set(guest.disk.subarray(sector * 512, (sector + sectors) * 512));
  } else if (!isDiscard) {
    for (let i = 0; i < data.length; i += 4) data[i] = random.next();
    eachSegment(guest, { segments }, (bytes, at) =>
      bytes.set(data.subarray(at, at + bytes.length)),
    );
  }
  put(guest, queue, { operation, ...rest, data });
  return true;
}

/** Lets the backend see what was put; whether it wants an event. */
export function publishAll({ queues }: Guest): boolean {
  return queues.map(({ front }) => publishRequests(front)).includes(true);
}

const answers = new Int32Array(28 * 64);

/** Takes all answers; each must be one of a request that waits, and what it says must be so. */
export function takeAnswers(guest: Guest, statusOf: (asked: Asked) => number = () => 0): void {
  const { protocol } = guest;
  for (const queue of guest.queues) {
    const count = takeResponses(queue.front, answers, 64);
    assert(count >= 0, 'the backend’s indices are impossible');
    for (let i = 0; i < count; i++) {
      const at = (i * protocol.slotBytes) / 4;
      const id = answers[at] as number;
      const asked = queue.asked.get(id);
      assert(asked !== undefined && answers[at + 1] === ~id, `an answer to ${id}, unasked`);
      queue.asked.delete(id);
      const what = answers[at + 2] as number;
      assert((what & 0xffff) === asked.operation, `operation ${what & 0xffff} answered`);
      assert(what >> 16 === statusOf(asked), `status ${what >> 16} of ${asked.operation}`);
      if (protocol.responseWords > 3) assert(answers[at + 3] === 0, 'padding');
      if (what >> 16 === 0) believe(guest, asked);
      for (const { gref } of asked.segments) guest.pages.delete(gref);
      for (const gref of asked.pages) guest.pages.delete(gref);
      guest.answered++;
    }
  }
}

/** What a request has done, now that it is acknowledged. */
function believe(guest: Guest, asked: Asked): void {
  const { operation, sector, data } = asked;
  if (operation === BLKIF_OP_READ) {
    eachSegment(guest, asked, (bytes, at) => {
      const want = data.subarray(at, at + bytes.length);
      assert(
        bytes.every((byte, i) => byte === want[i]),
        `wrong data at sector ${sector}`,
      );
    });
  } else if (operation === BLKIF_OP_DISCARD) {
    guest.disk.fill(0, sector * 512, (sector + (asked.sectors ?? 0)) * 512);
  } else guest.disk.set(data, sector * 512);
}

export function isQuiet({ queues }: Guest): boolean {
  return queues.every(({ asked }) => asked.size === 0);
}
