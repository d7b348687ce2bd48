/**
 * Frames to the back end: copied into pages that it may read for as long as it serves the vif, so
 * that no page is granted or taken back for a frame. Answers give a page back by its number, in
 * any order, and nobody waits for them: they are taken when there is no page.
 */

import {
  NETIF_RSP_NULL,
  NETTXF_csum_blank,
  NETTXF_data_validated,
  NETTXF_extra_info,
  NETTXF_more_data,
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
  completeChecksum,
  DATA_VALID,
  flagsOf,
  GSO_NONE,
  GSO_TCP4,
  gsoTypeOf,
  NEEDS_CSUM,
  VIRTIO_HEADER_BYTES,
} from '../../../shared/net/offload.ts';
import { createPacket, KIND_IPV4, KIND_IPV6, type Packet } from '../../../shared/net/packet.ts';
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
import { extraHead, NETIF_SLOTS, TX_SLOT_BYTES } from '../../../shared/ring/netif-slots.ts';
import { POOL_PAGES, SEND_BYTES_MAX } from './limits.ts';
import type { Abilities, VifRings } from './rings.ts';

export interface Sender {
  readonly ring: FrontRing;
  readonly pool: Offer;
  readonly can: Abilities;
  readonly notify: () => void;
  /** Pages that the back end may be reading. */
  readonly isUnderWay: Uint8Array;
  readonly free: Uint16Array;
  freeCount: number;
  readonly answers: Int32Array;
  readonly packet: Packet;
}

export function createSender({ send, sendPool, can, notifySend }: VifRings): Sender {
  return {
    ...{ ring: createFrontRing(send, TX_SLOT_BYTES), pool: sendPool, can, notify: notifySend },
    isUnderWay: new Uint8Array(POOL_PAGES),
    free: Uint16Array.from({ length: POOL_PAGES }, (_, page) => page),
    freeCount: POOL_PAGES,
    answers: new Int32Array((NETIF_SLOTS * TX_SLOT_BYTES) / 4),
    packet: createPacket(),
  };
}

/** What became of a frame that was to be sent. */
export const SENT = 0;
/** There is no room for it now. */
export const FULL = 1;
/** It contradicts itself. */
export const MALFORMED = 2;
/** The back end takes no such frames. */
export const UNFIT = 3;

/** Takes answers; why the back end lies, or nothing. */
export function takeAnswers(sender: Sender): string {
  const { ring, answers, isUnderWay, free } = sender;
  const count = takeResponses(ring, answers, NETIF_SLOTS);
  if (count === BROKEN) return 'the indices of the ring of what is sent are impossible';
  for (let i = 0; i < count; i++) {
    const word = answers[(i * TX_SLOT_BYTES) / 4] as number;
    // That of an extra, which has no number.
    if (word >> 16 === NETIF_RSP_NULL) continue;
    const page = word & 0xffff;
    if (isUnderWay[page] !== 1) return `it answers frame ${page}, which it has not got`;
    isUnderWay[page] = 0;
    free[sender.freeCount++] = page;
  }
  return '';
}

/** The first word of a slot that follows its reference: where it begins, and flags. */
function putSlot(sender: Sender, page: number, flags: number, size: number): void {
  const { ring, pool } = sender;
  const { words } = ring.region;
  const at = nextRequest(ring) / 4;
  words[at] = pool.grefs[page] as number;
  words[at + 1] = flags << 16;
  words[at + 2] = page | (size << 16);
}

function putExtra({ ring }: Sender, { gsoType, gsoSize }: Packet): void {
  const { words } = ring.region;
  const at = nextRequest(ring) / 4;
  words[at] = extraHead(XEN_NETIF_EXTRA_TYPE_GSO, false, gsoSize);
  words[at + 1] = gsoType === GSO_TCP4 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6;
  words[at + 2] = 0;
}

/** Whether the back end finds the checksum that is to be completed: it is told of none. */
function isFound({ kind, l4, protocol, csumStart, csumAt }: Packet): boolean {
  if ((kind !== KIND_IPV4 && kind !== KIND_IPV6) || csumStart !== l4) return false;
  if (protocol === PROTOCOL_TCP) return csumAt === l4 + TCP_CHECKSUM;
  return protocol === PROTOCOL_UDP && csumAt === l4 + UDP_CHECKSUM;
}

/**
 * Looks at a frame that leaves something to others, and does itself what the back end would not:
 * SENT, or why the frame cannot be. `packet` is of it.
 */
function settle({ can, packet }: Sender, bytes: Uint8Array, at: number, length: number): number {
  if (parseFrame(packet, bytes, at, length) !== 0) return MALFORMED;
  const isV4 = packet.kind === KIND_IPV4;
  if (gsoTypeOf(bytes, at) !== GSO_NONE) {
    return can.sg && (isV4 ? can.gso4 : can.gso6) ? SENT : UNFIT;
  }
  if (isFound(packet) && (isV4 ? can.checksum4 : can.checksum6)) return SENT;
  return completeChecksum(bytes, at, at + length) ? SENT : MALFORMED;
}

function flagsFor(bytes: Uint8Array, at: number): number {
  const flags = flagsOf(bytes, at);
  if ((flags & NEEDS_CSUM) !== 0) return NETTXF_csum_blank | NETTXF_data_validated;
  return (flags & DATA_VALID) === 0 ? 0 : NETTXF_data_validated;
}

/** Puts the frame behind its header, unseen until `publishSent`: SENT, or why not. */
export function sendFrame(sender: Sender, { bytes }: Region, at: number, length: number): number {
  const { ring, pool, can, packet, free, isUnderWay } = sender;
  const size = length - VIRTIO_HEADER_BYTES;
  if (size < ETHER_HEADER_BYTES) return MALFORMED;
  if (size > SEND_BYTES_MAX || (size > PAGE_SIZE && !can.sg)) return UNFIT;
  const isPlain = (flagsOf(bytes, at) & NEEDS_CSUM) === 0 && gsoTypeOf(bytes, at) === GSO_NONE;
  const settled = isPlain ? SENT : settle(sender, bytes, at, length);
  if (settled !== SENT) return settled;
  const isLarge = !isPlain && packet.gsoType !== GSO_NONE;
  const pieces = Math.ceil(size / PAGE_SIZE);
  if (sender.freeCount < pieces || requestRoom(ring) < pieces + (isLarge ? 1 : 0)) return FULL;
  const extra = isLarge ? NETTXF_extra_info : 0;
  for (let done = 0; done < size; done += PAGE_SIZE) {
    const page = free[--sender.freeCount] as number;
    const part = Math.min(PAGE_SIZE, size - done);
    isUnderWay[page] = 1;
    copyBytes(bytes, at + VIRTIO_HEADER_BYTES + done, pool.region.bytes, page * PAGE_SIZE, part);
    const more = done + part < size ? NETTXF_more_data : 0;
    if (done > 0) putSlot(sender, page, more, part);
    else {
      // The first one has the size of all.
      putSlot(sender, page, flagsFor(bytes, at) | more | extra, size);
      if (isLarge) putExtra(sender, packet);
    }
  }
  return SENT;
}

export function publishSent({ ring, notify }: Sender): void {
  if (publishRequests(ring)) notify();
}
