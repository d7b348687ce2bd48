/**
 * Where things lie in the slots of a network device's rings, in words of private copies
 * (io/netif.h @ RELEASE-4.17.0). `at` is a slot's first word.
 */

import { NETIF_RSP_NULL, XEN_NETIF_EXTRA_FLAG_MORE } from '../abi/netif.ts';

export const TX_SLOT_BYTES = 12;
export const RX_SLOT_BYTES = 8;
export const CONTROL_SLOT_BYTES = 16;
export const TX_SLOT_WORDS = 3;
export const RX_SLOT_WORDS = 2;
export const CONTROL_SLOT_WORDS = 4;

/** Slots of a ring of one page, of both kinds. */
export const NETIF_SLOTS = 256;

/** Bytes that a front end wants left free in front of a frame (io/netif.h of Linux @ v6.12). */
export const XEN_NETIF_EXTRA_TYPE_XDP = 5;
/** One more than the greatest type of an extra. */
export const EXTRA_TYPES = 6;

const word = (words: Int32Array, at: number): number => words[at] as number;

/** Of a request to send: netif_tx_request. */
export const txGref = (words: Int32Array, at: number): number => word(words, at) >>> 0;
export const txOffset = (words: Int32Array, at: number): number => word(words, at + 1) & 0xffff;
export const txFlags = (words: Int32Array, at: number): number => word(words, at + 1) >>> 16;
export const txId = (words: Int32Array, at: number): number => word(words, at + 2) & 0xffff;
export const txSize = (words: Int32Array, at: number): number => word(words, at + 2) >>> 16;

/** The one word of a response to it. */
export const txResponse = (id: number, status: number): number => (status << 16) | id;

/**
 * The response to an extra, which nobody reads: type and flags stay where they are, so that who
 * takes the ring over can still tell it from a request.
 */
export const extraResponse = (words: Int32Array, at: number): number =>
  txResponse(word(words, at) & 0xffff, NETIF_RSP_NULL);

/** Of an extra: netif_extra_info. */
export const extraType = (words: Int32Array, at: number): number => word(words, at) & 0xff;
export const extraHasMore = (words: Int32Array, at: number): boolean =>
  ((word(words, at) >>> 8) & XEN_NETIF_EXTRA_FLAG_MORE) !== 0;
export const gsoSize = (words: Int32Array, at: number): number => word(words, at) >>> 16;
export const gsoType = (words: Int32Array, at: number): number => word(words, at + 1) & 0xff;
/** The first two and the other four bytes of a multicast address. */
export const mcastHead = (words: Int32Array, at: number): number => word(words, at) >>> 16;
export const mcastRest = (words: Int32Array, at: number): number => word(words, at + 1);

/** The first word of an extra, of which two bytes are its own. */
export const extraHead = (type: number, hasMore: boolean, two: number): number =>
  (two << 16) | (hasMore ? XEN_NETIF_EXTRA_FLAG_MORE << 8 : 0) | type;

/** Of a buffer that a guest offers: netif_rx_request. */
export const rxId = (words: Int32Array, at: number): number => word(words, at) & 0xffff;
export const rxGref = (words: Int32Array, at: number): number => word(words, at + 1) >>> 0;
/** The second word of its response; the first has the id, and an offset above it. */
export const rxRest = (flags: number, status: number): number => (status << 16) | flags;

/** Of a request on the control ring: xen_netif_ctrl_request. */
export const controlType = (words: Int32Array, at: number): number => word(words, at) >>> 16;
export const controlData = (words: Int32Array, at: number, index: number): number =>
  word(words, at + 1 + index) >>> 0;
