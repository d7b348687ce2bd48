/**
 * The slots of a packet that a guest sends: a first one that has the size of all, extras, and
 * pieces behind them (io/netif.h @ RELEASE-4.17.0). Read from a private copy, and total: what a
 * frontend means for harm loses it its vif, what some send by mistake is dropped (netback.c @
 * v6.12 tells them apart).
 */

import {
  NETTXF_extra_info,
  NETTXF_more_data,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
  XEN_NETIF_EXTRA_TYPE_MCAST_DEL,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_GSO_TYPE_TCPV6,
} from '../../../shared/abi/netif.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import {
  EXTRA_TYPES,
  extraHasMore,
  extraType,
  gsoSize,
  gsoType,
  mcastHead,
  mcastRest,
  TX_SLOT_WORDS,
  txFlags,
  txOffset,
  txSize,
} from '../../../shared/ring/netif-slots.ts';
import { FRAME_BYTES_MIN, PIECES_FATAL, PIECES_MAX } from './limits.ts';

export interface Chain {
  /** Of the ring: with extras, and those of them. */
  slots: number;
  extras: number;
  /** Slots with data, all their bytes, and those of the first. */
  pieces: number;
  bytes: number;
  firstBytes: number;
  /** Of the first slot. */
  flags: number;
  /** XEN_NETIF_GSO_TYPE_...; 0: none. */
  gsoType: number;
  gsoSize: number;
  /** XEN_NETIF_EXTRA_TYPE_MCAST_...; 0: it is a frame. */
  multicast: number;
  mcastHead: number;
  mcastRest: number;
  /** Why it is dropped, or nothing. */
  wrong: string;
}

export function createChain(): Chain {
  return {
    ...{ slots: 0, extras: 0, pieces: 0, bytes: 0, firstBytes: 0, flags: 0, gsoType: 0 },
    ...{ gsoSize: 0, multicast: 0, mcastHead: 0, mcastRest: 0, wrong: '' },
  };
}

/** The extras behind the first slot; what is fatally wrong with them. */
function readExtras(words: Int32Array, first: number, ready: number, into: Chain): string {
  for (let hasMore = (into.flags & NETTXF_extra_info) !== 0; hasMore; ) {
    if (into.slots >= ready) return 'an extra that is not in the ring';
    const at = first + into.slots * TX_SLOT_WORDS;
    const type = extraType(words, at);
    if (type === 0 || type >= EXTRA_TYPES) return 'an extra of a type that there is not';
    if (type === XEN_NETIF_EXTRA_TYPE_GSO) {
      into.gsoType = gsoType(words, at);
      into.gsoSize = gsoSize(words, at);
      if (!isSegmentation(into)) into.wrong = 'a segmentation that there is not';
    } else if (type === XEN_NETIF_EXTRA_TYPE_MCAST_ADD || type === XEN_NETIF_EXTRA_TYPE_MCAST_DEL) {
      into.multicast = type;
      into.mcastHead = mcastHead(words, at);
      into.mcastRest = mcastRest(words, at);
    }
    into.slots++;
    into.extras++;
    hasMore = extraHasMore(words, at);
  }
  return '';
}

function isSegmentation({ gsoType, gsoSize }: Chain): boolean {
  const isKnown = gsoType === XEN_NETIF_GSO_TYPE_TCPV4 || gsoType === XEN_NETIF_GSO_TYPE_TCPV6;
  return isKnown && gsoSize > 0;
}

/** The slots of data behind the extras; what is fatally wrong with them. */
function readPieces(words: Int32Array, first: number, ready: number, into: Chain): string {
  for (let hasMore = (into.flags & NETTXF_more_data) !== 0; hasMore; ) {
    if (into.slots >= ready) return 'a piece that is not in the ring';
    if (into.pieces === PIECES_FATAL) return 'a packet of too many pieces';
    const at = first + into.slots * TX_SLOT_WORDS;
    const size = txSize(words, at);
    if (txOffset(words, at) + size > PAGE_SIZE) return 'a piece across the end of its page';
    if (size === 0) into.wrong = 'an empty piece';
    // A frame of more than 64 KiB, whose size has run over.
    else if (size > into.firstBytes) into.wrong = 'a piece larger than its packet';
    into.firstBytes -= size;
    into.slots++;
    into.pieces++;
    hasMore = (txFlags(words, at) & NETTXF_more_data) !== 0;
  }
  return '';
}

/**
 * Reads the packet whose first slot is at word `first`, of `ready` slots that are there. What it
 * returns is a frontend's malice; empty: it is well, or is dropped for `wrong`.
 */
export function readChain(words: Int32Array, first: number, ready: number, into: Chain): string {
  into.slots = 1;
  into.extras = 0;
  into.pieces = 1;
  into.flags = txFlags(words, first);
  into.bytes = txSize(words, first);
  into.firstBytes = into.bytes;
  into.gsoType = 0;
  into.gsoSize = 0;
  into.multicast = 0;
  into.wrong = '';
  const fatal = readExtras(words, first, ready, into) || readPieces(words, first, ready, into);
  if (fatal !== '') return fatal;
  if (into.pieces > PIECES_MAX) into.wrong = 'a packet of many pieces';
  if (into.wrong !== '' || into.multicast !== 0) return '';
  if (into.bytes < FRAME_BYTES_MIN) into.wrong = 'a frame without its header';
  else if (into.firstBytes === 0) into.wrong = 'an empty piece';
  else if (txOffset(words, first) + into.firstBytes > PAGE_SIZE) {
    return 'a piece across the end of its page';
  }
  return '';
}
