/** A disk: what it is behind, its rings, and the requests that are under way. */

import { BLKIF_OP_FLUSH_DISKCACHE } from '../../../shared/abi/blkif.ts';
import { assert } from '../../../shared/core/assert.ts';
import type { BlockIo } from '../../../shared/platform/block-io.ts';
import type { Events } from '../../../shared/platform/events.ts';
import type { CopyBatch } from '../../../shared/platform/grants.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { Refusal } from './judge.ts';
import { INDIRECT_SEGMENTS_MAX, TAKEN_PER_TURN } from './limits.ts';
import { answer, type Entry, type Queue } from './queue.ts';
import { givePages, type Slab } from './slab.ts';

/** What becomes of a read or write that the disk could not do. */
export type OnError = 'report' | 'stop';

export interface DiskParts {
  readonly io: BlockIo;
  readonly slab: Slab;
  /** A segment for each page of the slab, as pages of segments have them. */
  readonly lists: Region;
  readonly batch: CopyBatch;
  readonly events: Pick<Events, 'notify'>;
  readonly queues: readonly Queue[];
  readonly onError: OnError;
  /** How often a request may be begun; the backend has died at it each time. */
  readonly attemptsMax: number;
  /** Told once of each kind of wrong that the frontend does. */
  readonly report: (what: string) => void;
  /** Something is held: retryHeld is to be called after a while. */
  readonly held: () => void;
  /** The rings are not looked at any more. */
  readonly broken: (why: string) => void;
}

/** A barrier is a flush, its data, and another flush. */
export type BarrierStep = 'flush' | 'write' | 'last flush';

export interface Disk extends Omit<DiskParts, 'io' | 'slab' | 'lists'> {
  /** Changed between turns, while nothing is under way. */
  io: BlockIo;
  slab: Slab;
  lists: Region;
  /** Entries whose copies are in the batch, and where those end. */
  readonly copying: Entry[];
  readonly copiedTo: number[];
  /** Those whose segments are known. */
  readonly ready: Entry[];
  /** Requests that were begun and not answered. */
  busy: number;
  /** One beside which no other is begun. */
  alone: Entry | undefined;
  barrierStep: BarrierStep;
  /** Those that the disk could not do, and that are tried again. */
  readonly heldBack: Entry[];
  isBroken: boolean;
  /** Takes no more requests: what is under way is finished. */
  isClosing: boolean;
  readonly reported: Set<string>;
  /** The queue that is looked at first. */
  first: number;
  readonly taken: Int32Array;
  readonly completed: Int32Array;
}

const SLOT_WORDS_MAX = 28;

export function createDisk(parts: DiskParts): Disk {
  assert(parts.slab.pages >= INDIRECT_SEGMENTS_MAX, 'a slab that some requests do not fit');
  assert(parts.batch.max >= 2 * INDIRECT_SEGMENTS_MAX, 'a batch that some requests do not fit');
  return {
    ...parts,
    copying: [],
    copiedTo: [],
    ready: [],
    busy: 0,
    alone: undefined,
    barrierStep: 'flush',
    heldBack: [],
    isBroken: false,
    isClosing: false,
    reported: new Set(),
    first: 0,
    taken: new Int32Array(TAKEN_PER_TURN * SLOT_WORDS_MAX),
    completed: new Int32Array(2 * TAKEN_PER_TURN),
  };
}

/** Answers a request and gives back what it had. */
export function finish(disk: Disk, entry: Entry, status: number): void {
  if (entry.firstPage >= 0) {
    givePages(disk.slab, entry.firstPage, entry.segments);
    entry.firstPage = -1;
  }
  disk.busy--;
  if (disk.alone === entry) disk.alone = undefined;
  if (!disk.isBroken) answer(entry.queue, entry, status);
}

export function refuse(disk: Disk, entry: Entry, { status, why }: Refusal): void {
  if (!disk.reported.has(why)) {
    disk.reported.add(why);
    disk.report(why);
  }
  finish(disk, entry, status);
}

/**
 * Whether a failure is kept from the frontend: Linux takes a failed flush for one that it need not
 * ask for any more, and goes on as if all were on the disk (blkif_interrupt @ v6.12).
 */
export function isHeld({ onError, alone, barrierStep }: Disk, entry: Entry): boolean {
  if (onError === 'stop' || entry.operation === BLKIF_OP_FLUSH_DISKCACHE) return true;
  return alone === entry && barrierStep !== 'write';
}

/** Whether nothing is under way and nothing waits. */
export function isIdle({ busy, queues }: Disk): boolean {
  return busy === 0 && queues.every(({ waiting }) => waiting.length === 0);
}
