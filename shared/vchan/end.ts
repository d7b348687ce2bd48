/**
 * One end of a vchan: two rings of bytes, two live bytes and two bytes of wishes in a shared page
 * (io/libxenvchan.h, tools/libs/vchan/io.c @ RELEASE-4.17.0). The server grants the pages; its
 * client writes into the left ring and reads from the right one.
 *
 * The other end may be hostile. What we have published ourselves is kept here and never read back,
 * an index of the other end's is read once a call and refused where it is impossible, and sizes
 * and places are those that were looked at once.
 */

import { vchanInterface } from '../abi/vchan.ts';
import { BROKEN } from '../core/ring-moves.ts';
import type { Region } from '../platform/region.ts';
import { type Orders, offsetOf, pagesOf } from './layout.ts';

/** The other end has left, and nothing is left to read. Beside BROKEN, in place of a count. */
export const CLOSED = -2;

/** One ring, as one end sees it. */
export interface Half {
  readonly data: Region;
  /** Where in it the ring begins, and its bytes, a power of two. */
  readonly at: number;
  readonly size: number;
  /** The words of the shared page that hold our index and the other end's. */
  readonly ownWord: number;
  readonly peerWord: number;
  /** Our index, a u32 that runs free, as a signed number. */
  index: number;
}

export interface VchanEnd {
  readonly isServer: boolean;
  readonly control: Region;
  readonly read: Half;
  readonly write: Half;
  /** Bytes of the shared page: who is there. */
  readonly ownLive: number;
  readonly peerLive: number;
  /** Where we say what we want to be told of, and where the other end does. */
  readonly ownWish: number;
  readonly peerWish: number;
  /** Raises the event at the other end. */
  readonly notify: () => void;
  /** The other end is known to be gone, though its live byte says otherwise. */
  isLost: boolean;
}

/** The pages of a vchan; rings that have none of their own lie in the shared page. */
export interface VchanPages {
  readonly control: Region;
  readonly left?: Region | undefined;
  readonly right?: Region | undefined;
}

const at = vchanInterface.fields;

/** Values of a live byte. */
export const LEFT = 0;
export const THERE = 1;
/** Of the client's only: none was there yet. */
export const AWAITED = 2;

/**
 * An end over pages that hold what a server puts there (offer.ts). Its own indices go on from what
 * the page says, since a client may come to a vchan that another one has used.
 */
export function createEnd(
  isServer: boolean,
  pages: VchanPages,
  orders: Orders,
  notify: () => void,
): VchanEnd {
  const { control } = pages;
  const half = (order: number, own: Region | undefined, ownAt: number, peerAt: number): Half => {
    const ownWord = ownAt / 4;
    return {
      data: pagesOf(order) > 0 && own !== undefined ? own : control,
      at: offsetOf(order),
      size: 1 << order,
      ownWord,
      peerWord: peerAt / 4,
      index: Atomics.load(control.words, ownWord),
    };
  };
  const { left, right } = orders;
  const reads = { ownWish: at.cliNotify.at, peerWish: at.srvNotify.at };
  return isServer
    ? {
        isServer,
        control,
        read: half(left, pages.left, at.leftCons.at, at.leftProd.at),
        write: half(right, pages.right, at.rightProd.at, at.rightCons.at),
        ownLive: at.srvLive.at,
        peerLive: at.cliLive.at,
        ...reads,
        notify,
        isLost: false,
      }
    : {
        isServer,
        control,
        read: half(right, pages.right, at.rightCons.at, at.rightProd.at),
        write: half(left, pages.left, at.leftProd.at, at.leftCons.at),
        ownLive: at.cliLive.at,
        peerLive: at.srvLive.at,
        ownWish: reads.peerWish,
        peerWish: reads.ownWish,
        notify,
        isLost: false,
      };
}

/** Whether the other end has not left; a client that has not come yet has not. */
export function peerIsThere({ control, peerLive, isLost }: VchanEnd): boolean {
  return Atomics.load(control.bytes, peerLive) !== LEFT && !isLost;
}

/** Whether a client has come, of a server. One that has come and left counts. */
export function peerHasCome({ control, peerLive }: VchanEnd): boolean {
  return Atomics.load(control.bytes, peerLive) !== AWAITED;
}

/** Bytes that wait to be read, or BROKEN. */
function waiting({ control, read }: VchanEnd): number {
  const ready = (Atomics.load(control.words, read.peerWord) - read.index) >>> 0;
  return ready > read.size ? BROKEN : ready;
}

/** Bytes that there is room for, or BROKEN. */
function room({ control, write }: VchanEnd): number {
  const used = (write.index - Atomics.load(control.words, write.peerWord)) >>> 0;
  return used > write.size ? BROKEN : write.size - used;
}

/**
 * Asks to be told once the other end has moved its index. Each who asks looks again afterwards: an
 * index that moved between the look and the wish has no event (request_notify,
 * fast_get_data_ready). Atomic, since the other end clears bits of the same byte.
 */
function wish({ control, ownWish }: VchanEnd, bit: number): void {
  Atomics.or(control.bytes, ownWish, bit);
}

/**
 * Tells the other end of an index that was just moved, if it wants to know. The index is stored
 * before the bit is looked at, so that one of both ends sees what the other did; who takes the bit
 * raises the event (send_notify).
 */
export function tell({ control, peerWish, notify }: VchanEnd, bit: number): void {
  if ((Atomics.load(control.bytes, peerWish) & bit) === 0) return;
  if ((Atomics.and(control.bytes, peerWish, ~bit) & bit) !== 0) notify();
}

/**
 * Bytes that wait to be read, or BROKEN. Where they are fewer than `wanted` there will be an event
 * once there are more.
 */
export function bytesReady(end: VchanEnd, wanted: number, bit: number): number {
  const ready = waiting(end);
  if (ready === BROKEN || ready >= wanted) return ready;
  wish(end, bit);
  return waiting(end);
}

/** Bytes that there is room for, or BROKEN; with an event as above. */
export function bytesFree(end: VchanEnd, wanted: number, bit: number): number {
  const free = room(end);
  if (free === BROKEN || free >= wanted) return free;
  wish(end, bit);
  return room(end);
}

/** What waits to be read now, or BROKEN, without a wish. */
export const bytesLeft = waiting;
