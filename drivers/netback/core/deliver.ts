/** Frames for a guest: which of them it wants and can take, in which queue, and when. */

import { PROTOCOL_TCP } from '../../../shared/net/numbers.ts';
import {
  completeChecksum,
  flagsOf,
  GSO_ECN,
  GSO_NONE,
  GSO_TCP4,
  GSO_TCP6,
  gsoSizeOf,
  gsoTypeOf,
  NEEDS_CSUM,
  VIRTIO_HEADER_BYTES,
} from '../../../shared/net/offload.ts';
import { KIND_IPV4, KIND_IPV6, NONE, type Packet } from '../../../shared/net/packet.ts';
import { parseEthernet } from '../../../shared/net/parse-frame.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { awaitMoreRequests, requestsReady } from '../../../shared/ring/io-ring.ts';
import { count, countMore } from '../../../shared/telemetry/counter-page.ts';
import {
  CHECKSUMS,
  CUT,
  FILTERED,
  NO_BUFFERS,
  UNFIT,
} from '../../../shared/telemetry/net-counters.ts';
import { hashFrame, isHashing, queueFor } from './hash.ts';
import { FRAME_BYTES_MAX, FRAME_BYTES_MIN, SEGMENTS_MAX, STALLED_MS } from './limits.ts';
import { isUnwanted } from './multicast.ts';
import { buffersFor, put, settle, slotsFor } from './receive.ts';
import { cutOf, segmentBytesMax, segmentsOf, writeSegment } from './segment.ts';
import { breakVif, type ReceiveQueue, type Room, type Vif } from './vif.ts';
import { expire, keep, letGo } from './waiting.ts';

/** What a frame's header says that the guest would have to do. */
const gsoOf = (bytes: Uint8Array, header: number): number => gsoTypeOf(bytes, header) & ~GSO_ECN;
const isBlank = (bytes: Uint8Array, header: number): boolean =>
  (flagsOf(bytes, header) & NEEDS_CSUM) !== 0;

/** Looks into a frame as far as somebody needs it: `room.packet` and `vif.hash` know it then. */
function look(room: Room, vif: Vif, bytes: Uint8Array, header: number, length: number): void {
  const { can, hash, receive } = vif;
  const isSteered = receive.length > 1 || isHashing(hash);
  const isAsked = isBlank(bytes, header) && !(can.checksum4 && can.checksum6);
  hash.type = NONE;
  if (!isSteered && !isAsked && gsoOf(bytes, header) === GSO_NONE) return;
  parseEthernet(room.packet, bytes, header + VIRTIO_HEADER_BYTES, length);
  if (isSteered) hashFrame(hash, room.packet, bytes);
}

function canCut({ can }: Vif, gso: number): boolean {
  if (gso === GSO_TCP4) return can.gso4 && can.checksum4;
  return gso === GSO_TCP6 && can.gso6 && can.checksum6;
}

function canComplete({ can }: Vif, kind: number): boolean {
  if (kind === KIND_IPV4) return can.checksum4;
  return kind === KIND_IPV6 && can.checksum6;
}

const drop = ({ tally }: Vif, place: number): false => {
  count(tally, place);
  return false;
};

/**
 * A frame for which there are no buffers: kept for a while. The frontend is asked for an event when
 * it has offered more.
 */
function hold(
  room: Room,
  queue: ReceiveQueue,
  region: Region,
  header: number,
  length: number,
  ready: number,
): boolean {
  const { vif, ring, waiting } = queue;
  const { nowMs } = room;
  countMore(vif.tally, NO_BUFFERS, expire(waiting, nowMs));
  vif.isStarved = true;
  if (awaitMoreRequests(ring, ready) > ready) vif.wake();
  if (queue.starvedSinceMs < 0) queue.starvedSinceMs = nowMs;
  // It may be long before somebody who does not tell of buffers is looked at again.
  const isStalled = vif.can.rxNotify && nowMs - queue.starvedSinceMs > STALLED_MS;
  if (isStalled) return drop(vif, NO_BUFFERS);
  waiting.region ??= vif.waitingMemory();
  const isKept = keep(waiting, region, header, VIRTIO_HEADER_BYTES + length, nowMs);
  return isKept || drop(vif, NO_BUFFERS);
}

/** Gives a frame that the guest can take to it, or keeps it behind those that wait. */
function place(
  room: Room,
  queue: ReceiveQueue,
  region: Region,
  header: number,
  length: number,
): boolean {
  const { vif, ring, waiting } = queue;
  if (!vif.can.sg && buffersFor(vif, length) > 1) return drop(vif, UNFIT);
  const ready = requestsReady(ring);
  if (ready < 0) {
    breakVif(vif, 'the indices of a ring are impossible');
    return false;
  }
  if (waiting.count > 0 || ready < slotsFor(vif, region.bytes, header, length)) {
    return hold(room, queue, region, header, length, ready);
  }
  put(room, queue, region, header, length);
  return true;
}

function isCuttable({ fault, protocol, l4, isFragment, kind }: Packet, gso: number): boolean {
  if (fault !== 0 || protocol !== PROTOCOL_TCP || l4 === NONE || isFragment !== 0) return false;
  return kind === KIND_IPV4 ? gso === GSO_TCP4 : gso === GSO_TCP6;
}

/** Cuts a large frame for a guest that takes none; `room.packet` is what is in it. */
function placeCut(room: Room, queue: ReceiveQueue, region: Region, header: number): boolean {
  const { segments, packet } = room;
  const { vif } = queue;
  const size = gsoSizeOf(region.bytes, header);
  if (size === 0 || !isCuttable(packet, gsoOf(region.bytes, header))) return drop(vif, UNFIT);
  const cut = cutOf(packet, region.bytes, size);
  const parts = segmentsOf(cut);
  if (parts > SEGMENTS_MAX || segmentBytesMax(cut) > segments.bytes.length) {
    return drop(vif, UNFIT);
  }
  count(vif.tally, CUT);
  let isTaken = true;
  for (let i = 0; i < parts && isTaken; i++) {
    if (room.segmentsUsed + segmentBytesMax(cut) > segments.bytes.length) settle(room);
    const at = room.segmentsUsed;
    const bytes = writeSegment(cut, i, segments.bytes, at);
    room.segmentsUsed += bytes;
    isTaken = place(room, queue, segments, at, bytes - VIRTIO_HEADER_BYTES);
  }
  return isTaken;
}

/**
 * Delivers the header and frame of `bytes` bytes at `header` to a guest: at once, or when it has
 * buffers. Whoever delivers calls `settle` and `tell` (receive.ts) once all is delivered, and
 * leaves the memory as it is until then. Its checksum may be completed in its place. False: it was
 * dropped, and counted.
 */
export function deliver(
  room: Room,
  vif: Vif,
  region: Region,
  header: number,
  bytes: number,
): boolean {
  const length = bytes - VIRTIO_HEADER_BYTES;
  if (vif.isBroken || vif.isClosed) return false;
  if (length < FRAME_BYTES_MIN || length > FRAME_BYTES_MAX) return drop(vif, UNFIT);
  const data = region.bytes;
  const frame = header + VIRTIO_HEADER_BYTES;
  if (isUnwanted(vif.multicast, data, frame)) return drop(vif, FILTERED);
  look(room, vif, data, header, length);
  const { packet } = room;
  const queue = vif.receive[queueFor(vif.hash, packet, data, vif.receive.length)];
  if (queue === undefined) return drop(vif, UNFIT);
  const gso = gsoOf(data, header);
  if (gso !== GSO_NONE) {
    if (!canCut(vif, gso)) return placeCut(room, queue, region, header);
  } else if (isBlank(data, header) && !canBlank(vif, packet.kind)) {
    if (!completeChecksum(data, header, frame + length)) return drop(vif, UNFIT);
    count(vif.tally, CHECKSUMS);
  }
  return place(room, queue, region, header, length);
}

/** Whether the guest takes a frame with a blank checksum, of this kind if that was looked at. */
function canBlank(vif: Vif, kind: number): boolean {
  return (vif.can.checksum4 && vif.can.checksum6) || canComplete(vif, kind);
}

/** Gives what waits to the guest, as far as it has buffers now. */
export function deliverWaiting(room: Room, vif: Vif): void {
  vif.isStarved = false;
  let isAny = false;
  for (const queue of vif.receive) {
    const { waiting, ring } = queue;
    countMore(vif.tally, NO_BUFFERS, expire(waiting, room.nowMs));
    const { region } = waiting;
    while (waiting.count > 0 && region !== undefined) {
      const header = waiting.at[waiting.first] as number;
      const length = (waiting.bytes[waiting.first] as number) - VIRTIO_HEADER_BYTES;
      look(room, vif, region.bytes, header, length);
      const ready = requestsReady(ring);
      if (ready < 0) {
        breakVif(vif, 'the indices of a ring are impossible');
        return;
      }
      if (ready < slotsFor(vif, region.bytes, header, length)) {
        if (awaitMoreRequests(ring, ready) > ready) vif.wake();
        vif.isStarved = true;
        break;
      }
      put(room, queue, region, header, length);
      letGo(waiting);
      isAny = true;
    }
  }
  // Their memory is used again, and the batch is for what the guest sends.
  if (isAny) settle(room);
}
