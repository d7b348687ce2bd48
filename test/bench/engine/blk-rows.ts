/** Reads of a page through a block backend's core; the disk and the copies take no time. */

import { createDisk, type Disk } from '../../../drivers/blkback/core/disk.ts';
import type { Identity } from '../../../drivers/blkback/core/identity.ts';
import { journalPages, openJournal } from '../../../drivers/blkback/core/journal.ts';
import { COPIES_MAX, PAGES_PER_TURN } from '../../../drivers/blkback/core/limits.ts';
import { openNewQueue } from '../../../drivers/blkback/core/open-queue.ts';
import { createSlab } from '../../../drivers/blkback/core/slab.ts';
import { openTally } from '../../../drivers/blkback/core/tally.ts';
import { turn } from '../../../drivers/blkback/core/turn.ts';
import { BLKIF_OP_READ } from '../../../shared/abi/blkif.ts';
import { domid, port } from '../../../shared/core/ids.ts';
import { ok } from '../../../shared/core/result.ts';
import type { BlockIo } from '../../../shared/platform/block-io.ts';
import type { CopyBatch } from '../../../shared/platform/grants.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import { protocolOf } from '../../../shared/ring/blkif-slots.ts';
import {
  createFrontRing,
  type FrontRing,
  initRing,
  nextRequest,
  publishRequests,
  takeResponses,
} from '../../../shared/ring/io-ring.ts';

/** A page's worth. */
const SLOTS = 32;
const SLOT_WORDS = 28;
const SECTORS = 1 << 20;

function regionOf(pages: number): Region {
  const memory = new ArrayBuffer(pages * PAGE_SIZE);
  return { bytes: new Uint8Array(memory), words: new Int32Array(memory) };
}

/** Each operation is done when it is begun. */
function instantIo(): BlockIo {
  const done = new Int32Array(SLOTS);
  let count = 0;
  const ask = (number: number): void => {
    done[count++] = number;
  };
  return {
    shape: {
      ...{ sectorBytes: 512, sectors: SECTORS, isReadOnly: false, canDiscard: false },
      canDiscardSecurely: false,
    },
    measure: () => ok(),
    read: ask,
    write: ask,
    flush: ask,
    discard: ask,
    submit: () => {},
    completions: (into) => {
      for (let i = 0; i < count; i++) {
        into[2 * i] = done[i] as number;
        into[2 * i + 1] = 0;
      }
      const all = count;
      count = 0;
      return all;
    },
    close: () => {},
  };
}

/** Copies that are only counted. */
function countingBatch(): CopyBatch {
  let count = 0;
  const add = (): void => {
    count++;
  };
  return {
    max: COPIES_MAX,
    get count() {
      return count;
    },
    clear: () => {
      count = 0;
    },
    fromGuest: add,
    toGuest: add,
    run: () => 0,
    error: () => undefined,
  };
}

function openDisk(region: Region): Disk {
  const protocol = protocolOf(undefined);
  if (protocol === undefined) throw new Error('no layout of our own');
  const { slotBytes } = protocol;
  const subject = { domid: 1, uniqueId: 0n, device: 51712 };
  const identity: Identity = {
    ...{ ...subject, queue: 0, slotBytes, slots: SLOTS, port: 1, ringRefs: [8] },
  };
  const journal = openJournal(regionOf(journalPages(SLOTS)), SLOTS, slotBytes);
  const parts = { number: 0, domid: domid(1), port: port(1), region, protocol, journal };
  let us = 0;
  return createDisk({
    ...{ io: instantIo(), batch: countingBatch(), events: { notify: () => {} } },
    ...{ slab: createSlab(regionOf(PAGES_PER_TURN)), lists: regionOf(1) },
    ...{ queues: [openNewQueue(parts, identity)], onError: 'report', attemptsMax: 2 },
    ...{ rate: undefined, tally: openTally(regionOf(1), subject), nowUs: () => us++ },
    ...{ report: () => {}, held: () => {}, due: () => {}, broken: () => {} },
  });
}

/** Fills the ring with reads of a page each. */
function put({ words }: Region, front: FrontRing): void {
  for (let i = 0; i < SLOTS; i++) {
    const at = nextRequest(front) / 4;
    words[at] = BLKIF_OP_READ | (1 << 8);
    words[at + 2] = i;
    words[at + 3] = 0;
    words[at + 4] = (i * 8) & (SECTORS - 1);
    words[at + 5] = 0;
    words[at + 6] = i;
    words[at + 7] = 7 << 8;
  }
  publishRequests(front);
}

export function blkRows(): Readonly<Record<string, (requests: number) => void>> {
  const region = regionOf(1);
  initRing(region);
  const front = createFrontRing(region, SLOT_WORDS * 4);
  const disk = openDisk(region);
  const answers = new Int32Array(SLOTS * SLOT_WORDS);
  return {
    'blk-core': (requests) => {
      for (let left = requests; left > 0; ) {
        put(region, front);
        turn(disk);
        turn(disk);
        const answered = takeResponses(front, answers, SLOTS);
        if (answered !== SLOTS) throw new Error(`${answered} answers`);
        left -= answered;
      }
    },
  };
}
