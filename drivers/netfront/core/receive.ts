/**
 * Frames from the back end, in pages that it may write for as long as it serves the vif. A frame is
 * copied before anybody looks at it, and its pages are offered again in the order that they came
 * in: so slot, page and number of a buffer are the same for ever.
 */

import {
  NETRXF_csum_blank,
  NETRXF_data_validated,
  NETRXF_extra_info,
  NETRXF_more_data,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_GSO_TYPE_TCPV6,
} from '../../../shared/abi/netif.ts';
import { copyBytes } from '../../../shared/core/bytes.ts';
import { BROKEN } from '../../../shared/core/ring-moves.ts';
import {
  ETHER_HEADER_BYTES,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_CHECKSUM,
  UDP_CHECKSUM,
} from '../../../shared/net/numbers.ts';
import {
  askChecksum,
  askSegments,
  clearHeader,
  DATA_VALID,
  GSO_TCP4,
  GSO_TCP6,
  VIRTIO_HEADER_BYTES,
} from '../../../shared/net/offload.ts';
import { createPacket, KIND_IPV4, NONE, type Packet } from '../../../shared/net/packet.ts';
import { parseFrame } from '../../../shared/net/parse-frame.ts';
import type { Offer } from '../../../shared/platform/grants.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import {
  createFrontRing,
  type FrontRing,
  nextRequest,
  publishRequests,
  requestRoom,
  takeResponses,
} from '../../../shared/ring/io-ring.ts';
import {
  EXTRA_TYPES,
  extraHasMore,
  extraType,
  gsoSize,
  gsoType,
  NETIF_SLOTS,
  RX_SLOT_BYTES,
  RX_SLOT_WORDS,
} from '../../../shared/ring/netif-slots.ts';
import { EXTRAS_MAX, PIECES_MAX } from './limits.ts';
import type { VifRings } from './rings.ts';

export interface Receiver {
  readonly ring: FrontRing;
  readonly pool: Offer;
  readonly notify: () => void;
  /** Answers that were taken out of the ring, how many, and those that were looked at. */
  readonly answers: Int32Array;
  count: number;
  next: number;
  /** The slot of the next one. */
  slot: number;
  readonly packet: Packet;
  /** Of the frame that is looked at: flags of its first piece, and how it is to be cut. */
  flags: number;
  gsoType: number;
  gsoSize: number;
  /** Why the back end lies. */
  lie: string;
  /** Frames that are not all there, contradict themselves, or do not fit where they are to go. */
  dropped: number;
}

/** With all pages offered. */
export function createReceiver({ receive, receivePool, notifyReceive }: VifRings): Receiver {
  const receiver: Receiver = {
    ...{ ring: createFrontRing(receive, RX_SLOT_BYTES), pool: receivePool, notify: notifyReceive },
    answers: new Int32Array(NETIF_SLOTS * RX_SLOT_WORDS),
    ...{ count: 0, next: 0, slot: 0, packet: createPacket() },
    ...{ flags: 0, gsoType: 0, gsoSize: 0, lie: '', dropped: 0 },
  };
  offerPages(receiver, NETIF_SLOTS);
  return receiver;
}

/** Offers the next `count` pages. */
function offerPages({ ring, pool, notify }: Receiver, count: number): void {
  const { words } = ring.region;
  for (let i = 0; i < count; i++) {
    const page = ring.reqPut & (NETIF_SLOTS - 1);
    const at = nextRequest(ring) / 4;
    words[at] = page;
    words[at + 1] = pool.grefs[page] as number;
  }
  if (publishRequests(ring)) notify();
}

/** Whether there is something to look at; it may be a lie. */
export function hasAnswers(receiver: Receiver): boolean {
  if (receiver.next < receiver.count) return true;
  const count = takeResponses(receiver.ring, receiver.answers, NETIF_SLOTS);
  if (count === BROKEN) receiver.lie = 'the indices of the ring of what is received are impossible';
  receiver.count = Math.max(0, count);
  receiver.next = 0;
  return count !== 0;
}

const LIES = 0;
const DROPPED = -1;

function lies(receiver: Receiver, what: string): number {
  receiver.lie = what;
  return LIES;
}

/** Goes on to the next answer; where it is. */
function goOn(receiver: Receiver): number {
  receiver.slot = (receiver.slot + 1) & (NETIF_SLOTS - 1);
  return receiver.next++ * RX_SLOT_WORDS;
}

/** False: it is a lie. */
function takeExtras(receiver: Receiver): boolean {
  const { answers } = receiver;
  let isMore = true;
  for (let i = 0; isMore; i++) {
    if (receiver.next === receiver.count || i === EXTRAS_MAX) {
      lies(receiver, 'an extra without a slot');
      return false;
    }
    const at = goOn(receiver);
    const type = extraType(answers, at);
    if (type === 0 || type >= EXTRA_TYPES) {
      lies(receiver, `an extra of type ${type}`);
      return false;
    }
    if (type === XEN_NETIF_EXTRA_TYPE_GSO) {
      receiver.gsoType = gsoType(answers, at);
      receiver.gsoSize = gsoSize(answers, at);
      // Without a size there are no segments: whoever parses it finds that.
      if (receiver.gsoType === 0) receiver.gsoType = NONE;
    }
    isMore = extraHasMore(answers, at);
  }
  return true;
}

/**
 * Copies the pieces of a frame to `to`, where `room` bytes are; its bytes, DROPPED if it is none,
 * or LIES. Frames are published whole, by Linux's back end and by ours.
 */
function takePieces(receiver: Receiver, { bytes }: Region, to: number, room: number): number {
  const { answers, pool } = receiver;
  let total = 0;
  let isLost = false;
  for (let piece = 0, isMore = true; isMore; piece++) {
    if (receiver.next === receiver.count) return lies(receiver, 'a frame that does not end');
    if (piece === PIECES_MAX) return lies(receiver, `a frame of more than ${PIECES_MAX} pieces`);
    const { slot } = receiver;
    const at = goOn(receiver);
    const head = answers[at] as number;
    const rest = answers[at + 1] as number;
    if ((head & 0xffff) !== slot) return lies(receiver, `buffer ${head & 0xffff} for ${slot}`);
    const offset = head >>> 16;
    const flags = rest & 0xffff;
    const size = rest >> 16;
    if (offset + size > PAGE_SIZE || size === 0) {
      return lies(receiver, `${size} bytes at ${offset} of a page`);
    }
    if (piece === 0) {
      receiver.flags = flags;
      if ((flags & NETRXF_extra_info) !== 0 && !takeExtras(receiver)) return LIES;
    }
    if (size < 0 || total + size > room) isLost = true;
    else copyBytes(pool.region.bytes, slot * PAGE_SIZE + offset, bytes, to + total, size);
    total += Math.max(0, size);
    isMore = (flags & NETRXF_more_data) !== 0;
  }
  return isLost || total < ETHER_HEADER_BYTES ? DROPPED : total;
}

/** Where in its header a transport has its checksum; NONE: it is left to nobody. */
function checksumOffset({ l4, protocol, isFragment }: Packet): number {
  if (l4 === NONE || isFragment !== 0) return NONE;
  if (protocol === PROTOCOL_TCP) return TCP_CHECKSUM;
  return protocol === PROTOCOL_UDP ? UDP_CHECKSUM : NONE;
}

/** Says in the header at `to` what the frame behind it leaves undone; false: it cannot be so. */
function putHeader(receiver: Receiver, bytes: Uint8Array, to: number, total: number): boolean {
  const { packet, flags, gsoType: type, gsoSize: size } = receiver;
  clearHeader(bytes, to);
  const isBlank = (flags & NETRXF_csum_blank) !== 0;
  if (!isBlank && type === 0) {
    if ((flags & NETRXF_data_validated) !== 0) bytes[to] = DATA_VALID;
    return true;
  }
  const length = VIRTIO_HEADER_BYTES + total;
  if (parseFrame(packet, bytes, to, length) !== 0) return false;
  const offset = checksumOffset(packet);
  if (offset === NONE || !isBlank) return false;
  askChecksum(bytes, to, packet.l4 - packet.at, offset);
  if (type === 0) return true;
  const isV4 = packet.kind === KIND_IPV4;
  if (type !== (isV4 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6)) return false;
  askSegments(bytes, to, isV4 ? GSO_TCP4 : GSO_TCP6, packet.payload - packet.at, size);
  return parseFrame(packet, bytes, to, length) === 0;
}

/** A frame with its header at `to`: how many bytes it has, DROPPED or LIES. */
function takeFrame(receiver: Receiver, region: Region, to: number, slotBytes: number): number {
  receiver.gsoType = 0;
  receiver.gsoSize = 0;
  const room = slotBytes - VIRTIO_HEADER_BYTES;
  const total = takePieces(receiver, region, to + VIRTIO_HEADER_BYTES, room);
  if (total <= 0) return total;
  return putHeader(receiver, region.bytes, to, total) ? VIRTIO_HEADER_BYTES + total : DROPPED;
}

/** As NetLink.rx. Where the back end lies, `lie` says how, and there is nothing. */
export function receiveFrames(
  receiver: Receiver,
  region: Region,
  at: number,
  slotBytes: number,
  lengths: Uint32Array,
  max: number,
): number {
  let got = 0;
  while (got < max && receiver.lie === '' && hasAnswers(receiver)) {
    if (receiver.lie !== '') break;
    const length = takeFrame(receiver, region, at + got * slotBytes, slotBytes);
    if (length > 0) lengths[got++] = length;
    else if (length === DROPPED) receiver.dropped++;
  }
  if (receiver.lie !== '') return 0;
  // Pages of answers that were not looked at stay as they are.
  offerPages(receiver, requestRoom(receiver.ring) - (receiver.count - receiver.next));
  return got;
}
