/** What the front end of a vif holds at most, and why. */

import { XEN_NETIF_NR_SLOTS_MIN } from '../../../shared/abi/netif.ts';

/** Pages of ours that frames are sent from, and received in: one for each slot of a ring. */
export const POOL_PAGES = 256;

/** The largest frame that a slot can tell the size of. */
export const SEND_BYTES_MAX = 65_535;

/** Pieces of a frame that a back end sends: what every one takes it may send, too. */
export const PIECES_MAX = XEN_NETIF_NR_SLOTS_MIN;

/** Extras of a frame: there are no more kinds (io/netif.h; Linux's has one more). */
export const EXTRAS_MAX = 5;

/** Of a link whose toolstack says nothing. */
export const MTU_USUAL = 1500;
/** What IPv4 asks of each link (RFC 791), and what a slot can tell. */
export const MTU_MIN = 68;
export const MTU_MAX = 65_521;

/** Times that a back end which lies is given another chance, once it has begun anew. */
export const LIES_MAX = 8;

/** Vifs of a driver domain's own: each has two MiB of pages. */
export const UPLINKS_MAX = 4;
