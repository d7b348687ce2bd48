/**
 * Frames into a guest's buffers: planned one after the other, copied together, and then put into
 * the rings and told of. Answers keep the order of the buffers, and frontends see whole frames only
 * (netif.h; win-xenvif's receiver.c asserts both).
 */

import {
  NETIF_RSP_ERROR,
  NETRXF_csum_blank,
  NETRXF_data_validated,
  NETRXF_extra_info,
  NETRXF_more_data,
  XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_EXTRA_TYPE_HASH,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_GSO_TYPE_TCPV6,
} from '../../../shared/abi/netif.ts';
import { append, shift } from '../../../shared/backend/fifo.ts';
import { gref } from '../../../shared/core/ids.ts';
import {
  DATA_VALID,
  flagsOf,
  GSO_ECN,
  GSO_NONE,
  GSO_TCP4,
  gsoSizeOf,
  gsoTypeOf,
  NEEDS_CSUM,
  VIRTIO_HEADER_BYTES,
} from '../../../shared/net/offload.ts';
import { NONE } from '../../../shared/net/packet.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import { nextResponse, publishResponses, slotAt } from '../../../shared/ring/io-ring.ts';
import {
  extraHead,
  NETIF_SLOTS,
  RX_SLOT_WORDS,
  rxGref,
  rxId,
  rxRest,
  XEN_NETIF_EXTRA_TYPE_XDP,
} from '../../../shared/ring/netif-slots.ts';
import { count, countMore } from '../../../shared/telemetry/counter-page.ts';
import {
  EVENTS_SENT,
  NO_BUFFERS,
  TO_BYTES,
  TO_FRAMES,
  TO_LARGE,
} from '../../../shared/telemetry/net-counters.ts';
import { noteBuffer, noteUsed } from './journal.ts';
import { FRAME_SLOTS_MAX } from './limits.ts';
import { type ReceiveQueue, type Room, TOUCHED_MAX, type Vif } from './vif.ts';

/** Copies of a frame: a buffer's bytes lie in two of our pages at most. */
const FRAME_COPIES_MAX = 2 * FRAME_SLOTS_MAX;

const gsoOf = (bytes: Uint8Array, header: number): number => gsoTypeOf(bytes, header) & ~GSO_ECN;

/** Buffers for a frame of so many bytes. */
export function buffersFor({ can: { headroom } }: Vif, length: number): number {
  const first = PAGE_SIZE - headroom;
  return length <= first ? 1 : 1 + Math.ceil((length - first) / PAGE_SIZE);
}

/** Slots for the frame behind `header`, extras too; `vif.hash` has looked at it. */
export function slotsFor(vif: Vif, bytes: Uint8Array, header: number, length: number): number {
  const hasGso = gsoOf(bytes, header) === GSO_NONE ? 0 : 1;
  const hasHash = vif.hash.type === NONE ? 0 : 1;
  const hasHeadroom = vif.can.headroom === 0 ? 0 : 1;
  return buffersFor(vif, length) + hasGso + hasHash + hasHeadroom;
}

function touch(room: Room, queue: ReceiveQueue): void {
  if (queue.isTouched) return;
  queue.isTouched = true;
  append(room.touched, queue);
}

/** The id of the next buffer, which is kept: each word of a guest's slot is read once. */
function nextId({ vif, number, ring }: ReceiveQueue): number {
  const id = rxId(ring.region.words, slotAt(ring, ring.reqCons) / 4);
  noteBuffer(vif.journal, number, ring.reqCons & (NETIF_SLOTS - 1), id);
  return id;
}

/** The answer of the next buffer, which is then taken. */
function plan({ ring, planned }: ReceiveQueue, first: number, second: number): void {
  const slot = ring.reqCons & (NETIF_SLOTS - 1);
  planned[slot * RX_SLOT_WORDS] = first;
  planned[slot * RX_SLOT_WORDS + 1] = second;
  ring.reqCons = (ring.reqCons + 1) >>> 0;
}

function addCopies(
  room: Room,
  queue: ReceiveQueue,
  page: number,
  offset: number,
  region: Region,
  at: number,
  size: number,
): void {
  const { batch, copyQueue, copySlot } = room;
  const slot = queue.ring.reqCons & (NETIF_SLOTS - 1);
  for (let done = 0; done < size; ) {
    const from = at + done;
    const part = Math.min(size - done, PAGE_SIZE - (from & (PAGE_SIZE - 1)));
    copyQueue[batch.count] = queue;
    copySlot[batch.count] = slot;
    batch.toGuest(queue.vif.domid, gref(page), offset + done, region, from, part);
    done += part;
  }
}

/** Extras behind the first buffer, in the order of their types; each takes a buffer's slot. */
function planExtras(queue: ReceiveQueue, bytes: Uint8Array, header: number): void {
  const { hash, can } = queue.vif;
  const hasHash = hash.type !== NONE;
  const hasHeadroom = can.headroom > 0;
  const gso = gsoOf(bytes, header);
  if (gso !== GSO_NONE) {
    nextId(queue);
    const kind = gso === GSO_TCP4 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6;
    const hasMore = hasHash || hasHeadroom;
    plan(queue, extraHead(XEN_NETIF_EXTRA_TYPE_GSO, hasMore, gsoSizeOf(bytes, header)), kind);
  }
  if (hasHash) {
    nextId(queue);
    const two = (XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ << 8) | hash.type;
    plan(queue, extraHead(XEN_NETIF_EXTRA_TYPE_HASH, hasHeadroom, two), hash.value);
  }
  if (hasHeadroom) {
    nextId(queue);
    plan(queue, extraHead(XEN_NETIF_EXTRA_TYPE_XDP, false, can.headroom), 0);
  }
}

function checksumFlags(bytes: Uint8Array, header: number): number {
  const flags = flagsOf(bytes, header);
  // What is to be cut has blank checksums, whatever else it says.
  const isBlank = (flags & NEEDS_CSUM) !== 0 || gsoOf(bytes, header) !== GSO_NONE;
  if (isBlank) return NETRXF_csum_blank | NETRXF_data_validated;
  return (flags & DATA_VALID) === 0 ? 0 : NETRXF_data_validated;
}

function countFrame({ tally }: Vif, bytes: Uint8Array, header: number, length: number): void {
  count(tally, TO_FRAMES);
  countMore(tally, TO_BYTES, length);
  if (gsoOf(bytes, header) !== GSO_NONE) count(tally, TO_LARGE);
}

/** Gives the frame of `length` bytes behind `header` to the guest, whose slots suffice. */
export function put(
  room: Room,
  queue: ReceiveQueue,
  region: Region,
  header: number,
  length: number,
): void {
  const { vif, ring } = queue;
  const { words } = ring.region;
  const { batch, touched } = room;
  const isFull = batch.max - batch.count < FRAME_COPIES_MAX || touched.count === TOUCHED_MAX;
  if (isFull) settle(room);
  touch(room, queue);
  const hasExtras = slotsFor(vif, region.bytes, header, length) > buffersFor(vif, length);
  let flags = checksumFlags(region.bytes, header) | (hasExtras ? NETRXF_extra_info : 0);
  let offset = vif.can.headroom;
  let at = header + VIRTIO_HEADER_BYTES;
  for (let left = length; ; ) {
    const size = Math.min(left, PAGE_SIZE - offset);
    const id = nextId(queue);
    const page = rxGref(words, slotAt(ring, ring.reqCons) / 4);
    addCopies(room, queue, page, offset, region, at, size);
    left -= size;
    at += size;
    plan(queue, id, rxRest(left > 0 ? flags | NETRXF_more_data : flags, offset + size));
    if ((flags & NETRXF_extra_info) !== 0) planExtras(queue, region.bytes, header);
    if (left === 0) break;
    offset = 0;
    flags = 0;
  }
  queue.starvedSinceMs = -1;
  countFrame(vif, region.bytes, header, length);
}

/** A buffer that could not be written to makes its frame fail; its flags still lead on. */
function markFailed({ batch, copyQueue, copySlot }: Room): void {
  for (let i = 0; i < batch.count; i++) {
    if (batch.error(i) === undefined) continue;
    const queue = copyQueue[i] as ReceiveQueue;
    const at = (copySlot[i] as number) * RX_SLOT_WORDS + 1;
    const flags = (queue.planned[at] as number) & 0xffff;
    queue.planned[at] = rxRest(flags, NETIF_RSP_ERROR);
    count(queue.vif.tally, NO_BUFFERS);
  }
}

/** Puts what was planned into the ring, and lets the frontend see it. */
function announce(room: Room, queue: ReceiveQueue): void {
  const { vif, number, ring, planned } = queue;
  const { words } = ring.region;
  // Of answers that are half written the next backend knows that they may be.
  noteUsed(vif.journal, number, ring.reqCons);
  while (ring.rspPut !== ring.reqCons) {
    const from = (ring.rspPut & (NETIF_SLOTS - 1)) * RX_SLOT_WORDS;
    const to = nextResponse(ring) / 4;
    words[to] = planned[from] as number;
    words[to + 1] = planned[from + 1] as number;
  }
  if (!publishResponses(ring) || queue.isHeard) return;
  if (room.heard.count === TOUCHED_MAX) tell(room);
  queue.isHeard = true;
  append(room.heard, queue);
}

/**
 * Makes the copies to guests that were planned, and puts their answers into the rings. Memory that
 * they were copied from may be used for others from then on.
 */
export function settle(room: Room): void {
  const { batch, touched } = room;
  if (batch.count > 0) {
    if (batch.run() > 0) markFailed(room);
    batch.clear();
  }
  room.segmentsUsed = 0;
  for (let queue = shift(touched); queue !== undefined; queue = shift(touched)) {
    queue.isTouched = false;
    if (!queue.vif.isBroken) announce(room, queue);
  }
}

/** Tells frontends of what was put into their rings; once, however much that was. */
export function tell(room: Room): void {
  const { heard, events } = room;
  for (let queue = shift(heard); queue !== undefined; queue = shift(heard)) {
    if (!queue.isHeard) continue;
    queue.isHeard = false;
    if (queue.vif.isBroken) continue;
    events.notify(queue.port);
    count(queue.vif.tally, EVENTS_SENT);
  }
}
