/**
 * A disk whose ring nobody but us asks: for a compiler that is to have seen the way of a request
 * before a guest's first one, and for benchmarks.
 */

import { BLKIF_OP_INDIRECT } from '../../shared/abi/blkif.ts';
import { assert } from '../../shared/core/assert.ts';
import { domid, port } from '../../shared/core/ids.ts';
import type { Rate } from '../../shared/core/rate.ts';
import type { BlockIo } from '../../shared/platform/block-io.ts';
import type { CopyBatch } from '../../shared/platform/grants.ts';
import type { Region } from '../../shared/platform/region.ts';
import { protocolOf } from '../../shared/ring/blkif-slots.ts';
import {
  createFrontRing,
  initRing,
  nextRequest,
  publishRequests,
  takeResponses,
} from '../../shared/ring/io-ring.ts';
import { createDisk } from './core/disk.ts';
import { journalPages, openJournal } from './core/journal.ts';
import { openNewQueue } from './core/open-queue.ts';
import { createSlab } from './core/slab.ts';
import { openTally } from './core/tally.ts';
import { turn } from './core/turn.ts';

/** A page's worth of slots, of frontends of 64 bits. */
export const SLOTS = 32;
const SLOT_WORDS = 28;
/** Words of a slot: the sector, and a first segment or a reference to a page of them. */
const SECTOR = 4;
const REST = 6;
/** A whole page, as first and last sector. */
const WHOLE = 7 << 8;
const DIRECT_MAX = 11;
/** What Linux's frontend puts there: its device. */
const HANDLE = 51712;

export interface Asked {
  readonly operation: number;
  /** Of a page each; 0 is a flush. */
  readonly segments: number;
}

export interface RehearsalParts {
  readonly io: BlockIo;
  /** Copies from and to nobody. */
  readonly batch: CopyBatch;
  readonly slab: Region;
  readonly lists: Region;
  /** For its ring and what goes with it. */
  readonly pages: (count: number) => Region;
  readonly rate?: Rate;
}

export interface Rehearsal {
  /** There must be room for so many. They are on the disk's first sectors. */
  ask(requests: readonly Asked[]): void;
  turn(): void;
  /** How many were answered since the last time. */
  answered(): number;
}

function putRequest(words: Int32Array, at: number, { operation, segments }: Asked, id: number) {
  const isIndirect = segments > DIRECT_MAX;
  words[at] = isIndirect
    ? BLKIF_OP_INDIRECT | (operation << 8) | (segments << 16)
    : operation | (segments << 8) | (HANDLE << 16);
  words[at + 2] = id;
  words[at + 3] = 0;
  words[at + SECTOR] = 0;
  words[at + SECTOR + 1] = 0;
  if (isIndirect) words[at + REST + 1] = 0;
  else {
    for (let i = 0; i < segments; i++) {
      words[at + REST + 2 * i] = i;
      words[at + REST + 2 * i + 1] = WHOLE;
    }
  }
}

export function createRehearsal({
  io,
  batch,
  slab,
  lists,
  pages,
  rate,
}: RehearsalParts): Rehearsal {
  const protocol = protocolOf(undefined);
  assert(protocol !== undefined, 'no layout of our own');
  const { slotBytes } = protocol;
  const region = pages(1);
  initRing(region);
  const front = createFrontRing(region, slotBytes);
  const subject = { domid: 1, uniqueId: 0n, device: HANDLE };
  const identity = { ...subject, queue: 0, slotBytes, slots: SLOTS, port: 1, ringRefs: [8] };
  const journal = openJournal(pages(journalPages(SLOTS)), SLOTS, slotBytes);
  const parts = { number: 0, domid: domid(1), port: port(1), region, protocol, journal };
  let us = 0;
  const disk = createDisk({
    ...{ io, batch, lists, slab: createSlab(slab), events: { notify: () => {} } },
    ...{ queues: [openNewQueue(parts, identity)], onError: 'report', attemptsMax: 2 },
    ...{ rate, tally: openTally(pages(1), subject), nowUs: () => us++ },
    ...{ report: () => {}, held: () => {}, due: () => {}, broken: () => {} },
  });
  const answers = new Int32Array(SLOTS * SLOT_WORDS);
  let id = 0;
  return {
    ask: (requests) => {
      for (const asked of requests) putRequest(region.words, nextRequest(front) / 4, asked, id++);
      publishRequests(front);
    },
    turn: () => void turn(disk),
    answered: () => takeResponses(front, answers, SLOTS),
  };
}
