/**
 * Packets that a guest sends: taken out of its rings, copied together into the slab, each in one
 * piece behind a header of ours, handed on, and answered in their order.
 */

import {
  NETIF_RSP_DROPPED,
  NETIF_RSP_ERROR,
  NETIF_RSP_OKAY,
  NETTXF_csum_blank,
  NETTXF_data_validated,
  XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
  XEN_NETIF_GSO_TYPE_TCPV4,
} from '../../../shared/abi/netif.ts';
import { assert } from '../../../shared/core/assert.ts';
import { putU16 } from '../../../shared/core/big-endian.ts';
import { gref } from '../../../shared/core/ids.ts';
import { pseudoSum } from '../../../shared/net/checksum.ts';
import {
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
import { KIND_IPV4, KIND_IPV6, NONE, type Packet } from '../../../shared/net/packet.ts';
import { parseEthernet } from '../../../shared/net/parse-frame.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import { consumeRequests, nextResponse, peekRequests } from '../../../shared/ring/io-ring.ts';
import {
  extraResponse,
  TX_SLOT_WORDS,
  txGref,
  txId,
  txOffset,
  txResponse,
  txSize,
} from '../../../shared/ring/netif-slots.ts';
import { count, countMore } from '../../../shared/telemetry/counter-page.ts';
import {
  FROM_BYTES,
  FROM_FRAMES,
  FROM_LARGE,
  MALFORMED,
  NO_ROOM,
  NOT_GRANTED,
} from '../../../shared/telemetry/net-counters.ts';
import { readChain } from './chain.ts';
import { noteAddress, noteSent } from './journal.ts';
import { PACKETS_PER_TURN, PIECES_MAX, SLAB_PAGES } from './limits.ts';
import { addAddress, removeAddress } from './multicast.ts';
import { isHeld, pay } from './shaping.ts';
import { breakVif, complain, type Room, type SendQueue, type Vif } from './vif.ts';

/** Left in front of a frame for its header, and so many bytes that it begins at an even place. */
const LEAD = 64;

/** Copies of a packet: a piece lies in two of our pages at most. */
const PACKET_COPIES_MAX = 2 * PIECES_MAX;

/**
 * Where the packet of `room.chain` may be in the slab, from its first free page on; its last page
 * is the slab's `pages` then. The second piece begins with a page, since most pieces are whole
 * ones: each is one copy then.
 */
function placeIn(room: Room): number {
  const { pieces, bytes, firstBytes } = room.chain;
  const from = room.pages * PAGE_SIZE;
  let at = from + LEAD;
  if (pieces > 1) {
    at = from + PAGE_SIZE - firstBytes;
    if (firstBytes > PAGE_SIZE - VIRTIO_HEADER_BYTES) at += PAGE_SIZE;
  } else if (bytes > PAGE_SIZE - LEAD) at = from + PAGE_SIZE;
  const pages = Math.ceil((at + bytes) / PAGE_SIZE);
  if (pages > SLAB_PAGES) return -1;
  room.pages = pages;
  return at;
}

/** Adds the copies of one piece. */
function addPiece(room: Room, vif: Vif, words: Int32Array, slot: number, to: number, size: number) {
  const page = gref(txGref(words, slot));
  const offset = txOffset(words, slot);
  for (let done = 0; done < size; ) {
    const at = to + done;
    const part = Math.min(size - done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
    room.batch.fromGuest(vif.domid, page, offset + done, room.slab, at, part);
    done += part;
  }
}

/** Adds the copies of the packet of `room.chain`, whose first slot is at word `first`. */
function addPieces(room: Room, vif: Vif, words: Int32Array, first: number, at: number): void {
  const { extras, pieces, firstBytes } = room.chain;
  addPiece(room, vif, words, first, at, firstBytes);
  let to = at + firstBytes;
  let slot = first + (1 + extras) * TX_SLOT_WORDS;
  for (let piece = 1; piece < pieces; piece++) {
    const size = txSize(words, slot);
    addPiece(room, vif, words, slot, to, size);
    to += size;
    slot += TX_SLOT_WORDS;
  }
}

/** Changes the filter, before the packet counts as taken: done twice it is as if done once. */
function changeFilter({ chain }: Room, { multicast, journal }: Vif): number {
  const { mcastHead, mcastRest } = chain;
  const isNew = chain.multicast === XEN_NETIF_EXTRA_TYPE_MCAST_ADD;
  const place = isNew
    ? addAddress(multicast, mcastHead, mcastRest)
    : removeAddress(multicast, mcastHead, mcastRest);
  if (place >= 0) noteAddress(journal, multicast, place);
  return isNew && place < 0 ? NETIF_RSP_ERROR : NETIF_RSP_OKAY;
}

/** Notes the packet of `room.chain`, at `at` in the slab; 0: it has no frame there. */
function addPacket({ packets, chain, batch }: Room, queue: number, slot: number, at: number): void {
  const i = packets.count++;
  packets.queue[i] = queue;
  packets.slot[i] = slot;
  packets.slots[i] = chain.slots;
  packets.extras[i] = chain.extras;
  packets.at[i] = at;
  packets.bytes[i] = at === 0 ? 0 : chain.bytes;
  packets.flags[i] = chain.flags;
  packets.gsoType[i] = chain.gsoType;
  packets.gsoSize[i] = chain.gsoSize;
  packets.copies[i] = batch.count;
}

/** Whether the packet of `room.chain` was taken: there is room for it. */
function takeOne(room: Room, vif: Vif, queue: SendQueue, slot: number): boolean {
  const { chain, packets, batch } = room;
  let at = 0;
  let status = NETIF_RSP_ERROR;
  if (chain.wrong !== '') {
    complain(vif, chain.wrong);
    count(vif.tally, MALFORMED);
  } else if (chain.multicast !== 0) status = changeFilter(room, vif);
  else {
    if (batch.max - batch.count < PACKET_COPIES_MAX) return false;
    at = placeIn(room);
    if (at < 0) return false;
    addPieces(room, vif, queue.slots, slot * TX_SLOT_WORDS, at);
    pay(vif, chain.bytes);
  }
  packets.status[packets.count] = status;
  addPacket(room, queue.number, slot, at);
  return true;
}

/** Takes packets of one ring, as many as this turn has room for; whether some are left. */
function takeQueue(room: Room, vif: Vif, queue: SendQueue): boolean {
  const { ring, slots, number } = queue;
  const ready = peekRequests(ring, slots);
  if (ready < 0) {
    breakVif(vif, 'the indices of a ring are impossible');
    return false;
  }
  let slot = 0;
  while (slot < ready && room.packets.count < PACKETS_PER_TURN && !isHeld(vif)) {
    const fatal = readChain(slots, slot * TX_SLOT_WORDS, ready - slot, room.chain);
    if (fatal !== '') {
      breakVif(vif, fatal);
      return false;
    }
    if (!takeOne(room, vif, queue, slot)) break;
    slot += room.chain.slots;
  }
  if (slot === 0) return ready > 0 && vif.heldMs === 0;
  consumeRequests(ring, slot);
  noteSent(vif.journal, number, ring.reqCons);
  return slot < ready && vif.heldMs === 0;
}

/** Where the checksum of what a frame has is, from its transport header on; NONE: nowhere. */
function checksumPlace({ protocol, l4, isFragment, kind }: Packet): number {
  if (l4 === NONE || isFragment !== 0 || (kind !== KIND_IPV4 && kind !== KIND_IPV6)) return NONE;
  if (protocol === PROTOCOL_TCP) return TCP_CHECKSUM;
  return protocol === PROTOCOL_UDP ? UDP_CHECKSUM : NONE;
}

/** Writes the header in front of packet `i`, by its flags; false: it is not what they say. */
function writeHeader({ slab: { bytes }, packets, packet }: Room, i: number): boolean {
  const at = packets.at[i] as number;
  const header = at - VIRTIO_HEADER_BYTES;
  const flags = packets.flags[i] as number;
  const gso = packets.gsoType[i] as number;
  clearHeader(bytes, header);
  const isBlank = (flags & NETTXF_csum_blank) !== 0;
  if (!isBlank && gso === 0) {
    if ((flags & NETTXF_data_validated) !== 0) bytes[header] = DATA_VALID;
    return true;
  }
  if (parseEthernet(packet, bytes, at, packets.bytes[i] as number) !== 0) return false;
  const place = checksumPlace(packet);
  if (place === NONE) return false;
  askChecksum(bytes, header, packet.l4 - at, place);
  if (gso === 0) return true;
  const isIpv4 = packet.kind === KIND_IPV4;
  const { protocol, l4, payload, payloadEnd } = packet;
  if (protocol !== PROTOCOL_TCP || isIpv4 !== (gso === XEN_NETIF_GSO_TYPE_TCPV4)) return false;
  if (payload >= payloadEnd) return false;
  if (!isBlank) {
    // Some forget the flag, and leave a sum that no segment has (checksum_setup in netback.c).
    const addresses = packet.l3 + (isIpv4 ? 12 : 8);
    const sum = pseudoSum(bytes, addresses, isIpv4 ? 4 : 16, protocol, payloadEnd - l4);
    putU16(bytes, l4 + place, sum);
  }
  const size = packets.gsoSize[i] as number;
  askSegments(bytes, header, isIpv4 ? GSO_TCP4 : GSO_TCP6, payload - at, size);
  return true;
}

/** Makes the copies; packets of which one failed have no frame any more. */
function copyAll(room: Room, vif: Vif): void {
  const { batch, packets } = room;
  const failed = batch.run();
  for (let i = 0, copy = 0; failed > 0 && i < packets.count; i++) {
    for (; copy < (packets.copies[i] as number); copy++) {
      if (batch.error(copy) === undefined || packets.at[i] === 0) continue;
      packets.at[i] = 0;
      complain(vif, 'a page that it has not granted');
      count(vif.tally, NOT_GRANTED);
    }
  }
  // Handing packets on may add copies to other guests.
  batch.clear();
}

/** Hands packet `i` on, whose data is here; its answer. */
function handOn(room: Room, vif: Vif, i: number): number {
  const { packets, slab } = room;
  const { tally, behind } = vif;
  const bytes = packets.bytes[i] as number;
  if (!writeHeader(room, i)) {
    complain(vif, 'a frame that is not what its flags say');
    count(tally, MALFORMED);
    return NETIF_RSP_ERROR;
  }
  const header = (packets.at[i] as number) - VIRTIO_HEADER_BYTES;
  const queue = (packets.queue[i] as number) % behind.queues;
  if (!behind.tx(queue, slab, header, bytes + VIRTIO_HEADER_BYTES)) {
    count(tally, NO_ROOM);
    return NETIF_RSP_DROPPED;
  }
  count(tally, FROM_FRAMES);
  countMore(tally, FROM_BYTES, bytes);
  if (packets.gsoType[i] !== 0) count(tally, FROM_LARGE);
  return NETIF_RSP_OKAY;
}

/** Answers all slots of packet `i`; extras come behind the first. */
function answer({ packets }: Room, { ring, slots }: SendQueue, i: number): void {
  const { words } = ring.region;
  const status = packets.status[i] as number;
  const first = packets.slot[i] as number;
  const extrasTo = 1 + (packets.extras[i] as number);
  for (let slot = 0; slot < (packets.slots[i] as number); slot++) {
    const at = (first + slot) * TX_SLOT_WORDS;
    const isExtra = slot > 0 && slot < extrasTo;
    words[nextResponse(ring) / 4] = isExtra
      ? extraResponse(slots, at)
      : txResponse(txId(slots, at), status);
  }
}

/**
 * A turn's share of what the guest sends: taken, handed on and answered, unseen yet. Whether there
 * is more. Memory of the slab is used until what is behind has been told to begin.
 */
export function sendPackets(room: Room, vif: Vif): boolean {
  const { packets } = room;
  const { send } = vif;
  assert(room.batch.count === 0, 'packets amid a batch of others');
  packets.count = 0;
  room.pages = 0;
  let isMore = false;
  for (let i = 0; i < send.length && !vif.isBroken; i++) {
    const queue = send[(vif.first + i) % send.length] as SendQueue;
    if (takeQueue(room, vif, queue)) isMore = true;
  }
  vif.first = (vif.first + 1) % send.length;
  copyAll(room, vif);
  for (let i = 0; i < packets.count && !vif.isBroken; i++) {
    if (packets.at[i] !== 0) packets.status[i] = handOn(room, vif, i);
    answer(room, send[packets.queue[i] as number] as SendQueue, i);
  }
  return isMore;
}
