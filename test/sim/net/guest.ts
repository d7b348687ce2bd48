/**
 * A guest's end of a vif in memory, which checks all that it gets as the strictest of frontends do
 * (xen-netfront.c @ v6.12, win-xenvif's receiver.c and transmitter.c).
 */

import {
  NETIF_RSP_NULL,
  NETTXF_extra_info,
  NETTXF_more_data,
  XEN_NETIF_EXTRA_TYPE_GSO,
} from '../../../shared/abi/netif.ts';
import { assert } from '../../../shared/core/assert.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import {
  createFrontRing,
  type FrontRing,
  initRing,
  nextRequest,
  publishRequests,
  requestRoom,
  takeResponses,
} from '../../../shared/ring/io-ring.ts';
import {
  CONTROL_SLOT_BYTES,
  extraHead,
  NETIF_SLOTS,
  RX_SLOT_BYTES,
  TX_SLOT_BYTES,
} from '../../../shared/ring/netif-slots.ts';
import type { Pages } from './pages.ts';

export function regionOf(pages: number): Region {
  const memory = new ArrayBuffer(pages * PAGE_SIZE);
  return { bytes: new Uint8Array(memory), words: new Int32Array(memory) };
}

export interface GuestRing {
  readonly region: Region;
  readonly front: FrontRing;
}

interface Sent {
  readonly id: number;
  readonly grefs: readonly number[];
  /** What its answer must be, if that is known. */
  readonly must?: number | undefined;
}

export interface GuestQueue {
  readonly send: GuestRing;
  readonly receive: GuestRing;
  /** Slots that were sent and not answered, by index: their id, -1 for an extra. */
  readonly sent: Map<number, Sent>;
  /** Answers to packets' first slots. */
  readonly answers: number[];
  /** Buffers by their slot of the ring: their references. */
  readonly buffers: number[];
}

/** Where a guest's shared pages come from. */
export interface PageSource {
  /** For a ring. */
  ring(): Region;
  /** A page with these bytes, granted; its reference. */
  grant(bytes: Uint8Array): number;
}

export interface NetGuest {
  readonly pages: Pages;
  readonly source: PageSource;
  readonly queues: readonly GuestQueue[];
  readonly control: GuestRing;
  nextGref: number;
  nextId: number;
}

function ringOf(source: PageSource, slotBytes: number): GuestRing {
  const region = source.ring();
  initRing(region);
  return { region, front: createFrontRing(region, slotBytes) };
}

/** In memory alone, unless its pages come from elsewhere. */
export function createGuest(
  queues = 1,
  elsewhere?: PageSource,
  pages: Pages = new Map(),
): NetGuest {
  const grantHere = (bytes: Uint8Array): number => {
    const gref = guest.nextGref++;
    pages.set(gref, bytes);
    return gref;
  };
  const source = elsewhere ?? { ring: () => regionOf(1), grant: grantHere };
  const guest: NetGuest = {
    ...{ pages, source },
    queues: Array.from({ length: queues }, () => ({
      ...{ send: ringOf(source, TX_SLOT_BYTES), receive: ringOf(source, RX_SLOT_BYTES) },
      ...{ sent: new Map(), answers: [], buffers: [] },
    })),
    control: ringOf(source, CONTROL_SLOT_BYTES),
    ...{ nextGref: 8, nextId: 1 },
  };
  return guest;
}

export function grant(guest: NetGuest, bytes: Uint8Array = new Uint8Array(PAGE_SIZE)): number {
  return guest.source.grant(bytes);
}

/** An extra's words, without the flag that another one follows. */
export type Extra = readonly [type: number, two: number, four: number];

export const gsoExtra = (type: number, size: number): Extra => [
  ...([XEN_NETIF_EXTRA_TYPE_GSO, size, type] as const),
];

export interface SendOptions {
  readonly flags?: number;
  readonly extras?: readonly Extra[];
  /** Bytes of each piece; in one, and in whole pages, if not said. */
  readonly pieces?: readonly number[];
  /** Where data begins in its page; a multiple of the piece's number if not said. */
  readonly offset?: number;
  /** What the answer to its first slot must be. */
  readonly must?: number;
}

/** Pieces of a frame: whole pages behind a first one that has what is left. */
function piecesOf(length: number): readonly number[] {
  const whole = Math.max(0, Math.floor((length - 1) / PAGE_SIZE));
  return [length - whole * PAGE_SIZE, ...new Array<number>(whole).fill(PAGE_SIZE)];
}

/** Puts a slot of a packet, unseen yet, and notes what its answer must be. */
export function putSlot(
  queue: GuestQueue,
  words: readonly number[],
  id: number,
  gref: number,
  must?: number,
): void {
  const { front, region } = queue.send;
  const index = front.reqPut;
  region.words.set(words, nextRequest(front) / 4);
  queue.sent.set(index, { id, grefs: gref < 0 ? [] : [gref], must });
}

/** Puts a frame into a ring; false: there is no room. */
export function send(
  guest: NetGuest,
  queue: GuestQueue,
  frame: Uint8Array,
  { flags = 0, extras = [], pieces = piecesOf(frame.length), offset, must }: SendOptions = {},
): boolean {
  if (requestRoom(queue.send.front) < pieces.length + extras.length) return false;
  let at = 0;
  for (const [i, size] of pieces.entries()) {
    const from = offset ?? Math.min((i * 100) % 500, PAGE_SIZE - size);
    const page = new Uint8Array(PAGE_SIZE);
    page.set(frame.subarray(at, at + size), from);
    const gref = grant(guest, page);
    at += size;
    const hasMore = i + 1 < pieces.length ? NETTXF_more_data : 0;
    const hasExtras = i === 0 && extras.length > 0 ? NETTXF_extra_info : 0;
    const all = (i === 0 ? flags : 0) | hasMore | hasExtras;
    const id = guest.nextId++ & 0xff;
    const told = i === 0 ? frame.length & 0xffff : size;
    const words = [gref, from | (all << 16), id | (told << 16)];
    putSlot(queue, words, id, gref, i === 0 ? must : undefined);
    if (i > 0) continue;
    for (const [j, [type, two, four]] of extras.entries()) {
      putSlot(queue, [extraHead(type, j + 1 < extras.length, two), four, 0], -1, -1);
    }
  }
  return true;
}

export const publishSent = ({ send: { front } }: GuestQueue): boolean => publishRequests(front);

const answers = new Int32Array(NETIF_SLOTS * 3);

/** Takes all answers to what was sent: of each slot the one that is its, extras none. */
export function takeAnswers(guest: NetGuest, queue: GuestQueue): void {
  const { front } = queue.send;
  const first = front.rspCons;
  const count = takeResponses(front, answers, NETIF_SLOTS);
  assert(count >= 0, 'the backend’s indices are impossible');
  for (let i = 0; i < count; i++) {
    const index = (first + i) >>> 0;
    const slot = queue.sent.get(index);
    assert(slot !== undefined, `an answer to slot ${index}, which nobody has sent`);
    queue.sent.delete(index);
    const word = answers[i * 3] as number;
    const status = word >> 16;
    if (slot.id < 0) {
      assert(status === NETIF_RSP_NULL, `status ${status} of an extra`);
      continue;
    }
    assert(status === 0 || status === -1 || status === -2, `status ${status}`);
    assert(slot.must === undefined || status === slot.must, `status ${status}, not ${slot.must}`);
    assert((word & 0xffff) === slot.id, `an answer to id ${word & 0xffff}, not ${slot.id}`);
    for (const gref of slot.grefs) guest.pages.delete(gref);
    queue.answers.push(status);
  }
}

/** Offers so many buffers, or as many as there is room for; whether the backend wants an event. */
export function offer(guest: NetGuest, { receive, buffers }: GuestQueue, count: number): boolean {
  const { front, region } = receive;
  for (let left = Math.min(count, requestRoom(front)); left > 0; left--) {
    const slot = front.reqPut & (NETIF_SLOTS - 1);
    const at = nextRequest(front) / 4;
    const page = new Uint8Array(PAGE_SIZE).fill(0xee);
    buffers[slot] = grant(guest, page);
    region.words[at] = slot | 0x5500_0000;
    region.words[at + 1] = buffers[slot] as number;
  }
  return publishRequests(front);
}
