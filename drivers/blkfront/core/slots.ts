/** A ring of ours, and which request of it is whose. */

import { BLKIF_OP_DISCARD, BLKIF_OP_READ, BLKIF_OP_WRITE } from '../../../shared/abi/blkif.ts';
import type { Offer } from '../../../shared/platform/grants.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import { BITS_64 } from '../../../shared/ring/blkif-slots.ts';
import { createFrontRing, type FrontRing, nextRequest } from '../../../shared/ring/io-ring.ts';
import { LIST_SEGMENTS_MAX } from './limits.ts';
import type { Operation } from './operations.ts';
import { bytesIn, DIRECT_PAGES, pagesOf, putDirect, putDiscard, putIndirect } from './requests.ts';

/** A connected ring. */
export interface UplinkRing {
  readonly pages: Offer;
  readonly lists: Offer;
  readonly notify: () => void;
}

export interface Slots {
  readonly ring: FrontRing;
  readonly parts: UplinkRing;
  /** By request id. */
  readonly owners: (Operation | undefined)[];
  readonly listOf: Int32Array;
  readonly freeIds: number[];
  readonly freeLists: number[];
}

const NO_LIST = -1;

export function slotsOf(parts: UplinkRing): Slots {
  const ring = createFrontRing(parts.pages.region, BITS_64.slotBytes);
  const ids = Array.from({ length: ring.slots }, (_, id) => id);
  return {
    ...{ ring, parts, owners: ids.map(() => undefined) },
    listOf: new Int32Array(ring.slots).fill(NO_LIST),
    freeIds: ids,
    freeLists: parts.lists.grefs.map((_, list) => list),
  };
}

/** Bytes of the next request of an operation, and whether its segments need a page. */
function nextBytes({ freeLists }: Slots, operation: Operation, segmentsMax: number): number {
  const from = operation.at + operation.put;
  const left = operation.bytes - operation.put;
  const pages = pagesOf(from, left);
  if (pages <= DIRECT_PAGES || segmentsMax <= DIRECT_PAGES || freeLists.length === 0) {
    return bytesIn(DIRECT_PAGES, from, left);
  }
  return bytesIn(Math.min(segmentsMax, LIST_SEGMENTS_MAX), from, left);
}

function putData(
  slots: Slots,
  operation: Operation,
  word: number,
  id: number,
  segmentsMax: number,
): void {
  const { words } = slots.ring.region;
  const bytes = nextBytes(slots, operation, segmentsMax);
  if (pagesOf(operation.at + operation.put, bytes) <= DIRECT_PAGES) {
    putDirect(words, word, id, operation, bytes);
  } else {
    const list = slots.freeLists.pop() as number;
    const { region, grefs } = slots.parts.lists;
    const at = (list * PAGE_SIZE) / 4;
    const gref = grefs[list] as number;
    putIndirect(words, word, id, operation, bytes, { words: region.words, at, gref });
    slots.listOf[id] = list;
  }
  operation.put += bytes;
}

/** Puts one request of the operation; whether that was the last of it. There is room. */
export function putOne(slots: Slots, operation: Operation, segmentsMax: number): boolean {
  const { ring, freeIds, owners } = slots;
  const id = freeIds.pop() as number;
  const word = nextRequest(ring) / 4;
  owners[id] = operation;
  operation.underWay++;
  switch (operation.what) {
    case BLKIF_OP_READ:
    case BLKIF_OP_WRITE:
      putData(slots, operation, word, id, segmentsMax);
      break;
    case BLKIF_OP_DISCARD:
      putDiscard(ring.region.words, word, id, operation);
      operation.put = operation.bytes;
      break;
    default:
      putDirect(ring.region.words, word, id, operation, 0);
  }
  return operation.put === operation.bytes;
}

/** Gives back what a request had; undefined: nobody has asked for it. */
export function takeBack(slots: Slots, id: number): Operation | undefined {
  const { owners, listOf, freeIds, freeLists } = slots;
  const operation = owners[id];
  if (operation === undefined) return undefined;
  owners[id] = undefined;
  freeIds.push(id);
  const list = listOf[id] as number;
  if (list !== NO_LIST) {
    freeLists.push(list);
    listOf[id] = NO_LIST;
  }
  return operation;
}
