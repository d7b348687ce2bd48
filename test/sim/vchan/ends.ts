/** Both ends of a vchan over plain memory, and how often each was told of something. */

import { VCHAN_NOTIFY_WRITE, vchanInterface } from '../../../shared/abi/vchan.ts';
import { encode } from '../../../shared/core/layout.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import { AWAITED, createEnd, THERE, type VchanEnd } from '../../../shared/vchan/end.ts';
import { type Orders, pagesOf } from '../../../shared/vchan/layout.ts';

export interface Ends {
  readonly server: VchanEnd;
  readonly client: VchanEnd;
  readonly control: Region;
  /** Events that each end has got. */
  readonly events: { server: number; client: number };
}

/** Views of memory that others may view, too: a region is never the same twice. */
export function viewOf(memory: ArrayBufferLike, page: number, pages: number): Region {
  const at = page * PAGE_SIZE;
  const size = pages * PAGE_SIZE;
  return { bytes: new Uint8Array(memory, at, size), words: new Int32Array(memory, at, size / 4) };
}

/** How many pages a vchan of such rings takes, the shared one among them. */
export const pagesFor = ({ left, right }: Orders): number => 1 + pagesOf(left) + pagesOf(right);

/** The regions of a vchan that lies in `memory` from its begin on. */
export function pagesIn(memory: ArrayBufferLike, { left, right }: Orders) {
  const one = (order: number, page: number): Region | undefined =>
    pagesOf(order) === 0 ? undefined : viewOf(memory, page, pagesOf(order));
  return {
    control: viewOf(memory, 0, 1),
    left: one(left, 1),
    right: one(right, 1 + pagesOf(left)),
  };
}

/** What a server puts into the page, with all indices at `start`. */
export function fillHeader({ bytes, words }: Region, { left, right }: Orders, start: number): void {
  encode(vchanInterface, bytes, 0, {
    ...{ leftOrder: left, rightOrder: right, cliLive: AWAITED, srvLive: THERE },
    cliNotify: VCHAN_NOTIFY_WRITE,
  });
  words.fill(start | 0, 0, 4);
}

/** A client that has come. */
export function comeIn({ bytes }: Region): void {
  encode(vchanInterface, bytes, 0, { cliLive: THERE, srvNotify: VCHAN_NOTIFY_WRITE });
}

export function createEnds(orders: Orders, start = 0): Ends {
  const memory = new ArrayBuffer(pagesFor(orders) * PAGE_SIZE);
  const pages = pagesIn(memory, orders);
  fillHeader(pages.control, orders, start);
  const events = { server: 0, client: 0 };
  const server = createEnd(true, pages, orders, () => void events.client++);
  const client = createEnd(false, pagesIn(memory, orders), orders, () => void events.server++);
  comeIn(pages.control);
  return { server, client, control: pages.control, events };
}

/** Byte number `index` of what one end writes. */
export const byteAt = (seed: number, index: number): number =>
  (Math.imul(index + 1, 0x9e3779b1) + seed) >>> 24;
