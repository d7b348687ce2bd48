/** Copies between a guest's pages and ours, of many requests in one call. */

import { BLKIF_RSP_ERROR } from '../../../shared/abi/blkif.ts';
import { append, empty, peek } from '../../../shared/backend/fifo.ts';
import { gref } from '../../../shared/core/ids.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import type { Disk } from './disk.ts';
import { copyAt } from './journal.ts';
import { firstSector, type Refusal, segmentSectors } from './judge.ts';
import type { Entry } from './queue.ts';

export const BAD_GRANT: Refusal = {
  status: BLKIF_RSP_ERROR,
  why: 'a page that it has not granted',
};

const roomInPage = (at: number): number => PAGE_SIZE - (at & (PAGE_SIZE - 1));

/** The bytes of a request's segments. */
export function dataBytes({ lists: { words } }: Disk, { firstPage, segments }: Entry): number {
  let sectors = 0;
  for (let i = 0; i < segments; i++) {
    sectors += segmentSectors(words[2 * (firstPage + i) + 1] as number);
  }
  return sectors * 512;
}

/** Adds the copies of a request's data, of its segments in order, to or from its pages. */
export function addData({ batch, slab, lists }: Disk, entry: Entry, isToGuest: boolean): void {
  const { domid } = entry.queue;
  let at = entry.firstPage * PAGE_SIZE;
  for (let i = 0; i < entry.segments; i++) {
    const word = 2 * (entry.firstPage + i);
    const page = gref((lists.words[word] as number) >>> 0);
    const range = lists.words[word + 1] as number;
    let offset = firstSector(range) * 512;
    let left = segmentSectors(range) * 512;
    // Data lies close together in our pages, so that a segment may lie in two of them.
    while (left > 0) {
      const size = Math.min(left, roomInPage(at));
      if (isToGuest) batch.toGuest(domid, page, offset, slab.region, at, size);
      else batch.fromGuest(domid, page, offset, slab.region, at, size);
      at += size;
      offset += size;
      left -= size;
    }
  }
}

/** Adds the copies of an indirect request's segments out of its page of them. */
export function addList({ batch, lists }: Disk, entry: Entry): void {
  const { queue, index, firstPage, segments } = entry;
  const { words } = queue.journal.region;
  const page = gref((words[copyAt(index) + queue.protocol.grefsWord] as number) >>> 0);
  let at = firstPage * 8;
  for (let offset = 0; offset < segments * 8; ) {
    const size = Math.min(segments * 8 - offset, roomInPage(at));
    batch.fromGuest(queue.domid, page, offset, lists, at, size);
    at += size;
    offset += size;
  }
}

/** A direct request's segments, from its slot's copy. */
export function copyList({ lists }: Disk, entry: Entry): void {
  const { queue, index, firstPage, segments } = entry;
  const { words } = queue.journal.region;
  const from = copyAt(index) + queue.protocol.restWord;
  for (let i = 0; i < 2 * segments; i++) {
    lists.words[2 * firstPage + i] = words[from + i] as number;
  }
}

/** Notes that the entry's copies are all those added since the last one's. */
export function noteCopies({ copying, copiedTo, batch }: Disk, entry: Entry): void {
  copiedTo[copying.count] = batch.count;
  append(copying, entry);
}

/** Hands on an entry whose copies were made, or not all of them. */
export type Copied = (disk: Disk, entry: Entry, isDone: boolean) => void;

export function runCopies(disk: Disk, then: Copied): void {
  const { batch, copying, copiedTo } = disk;
  if (copying.count === 0) return;
  const failed = batch.run();
  let from = 0;
  for (let i = 0; i < copying.count; i++) {
    const to = copiedTo[i] as number;
    let isDone = true;
    for (let each = from; failed > 0 && each < to; each++) {
      if (batch.error(each) !== undefined) isDone = false;
    }
    from = to;
    then(disk, peek(copying, i) as Entry, isDone);
  }
  batch.clear();
  empty(copying);
}
