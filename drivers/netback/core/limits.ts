/** What a network backend holds and does at most, and why. */

import { XEN_NETIF_NR_SLOTS_MIN } from '../../../shared/abi/netif.ts';

/** Queues of a vif: what Linux's backend offers (MAX_QUEUES_DEFAULT in netback.c @ v6.12). */
export const QUEUES_MAX = 8;

/** Pieces of data of a packet that a guest sends, extras not counted: more are dropped. */
export const PIECES_MAX = XEN_NETIF_NR_SLOTS_MIN;

/** Who sends more than these means harm (fatal_skb_slots in netback.c @ v6.12). */
export const PIECES_FATAL = 20;

/** An ethernet header: what is shorter is no frame. */
export const FRAME_BYTES_MIN = 14;

/**
 * The largest frame: 65535 bytes of IP behind an ethernet header with a VLAN tag. A guest's size
 * is a u16, and so less.
 */
export const FRAME_BYTES_MAX = 65_535 + 18;

/** Packets of a guest's that its turn takes, at most; what is left comes in the next. */
export const PACKETS_PER_TURN = 64;

/** Frames for a guest that its turn gives it out of what is behind it, at most. */
export const FRAMES_PER_TURN = 64;

/** Frames that are taken out of a link at a time: each has room for the largest. */
export const INBOX_FRAMES = 16;

/** Pages for the packets that a turn takes: of the largest ones fifteen. */
export const SLAB_PAGES = 288;

/** Slots of the largest frame for a guest, with all extras. */
export const FRAME_SLOTS_MAX = 20;

/** Of a GSO frame, for a guest that cannot take one: what wants more is dropped. */
export const SEGMENTS_MAX = 256;

/** Pages for such segments until they are copied. */
export const SEGMENT_PAGES = 32;

/**
 * Copies in one call: all that a turn takes, since a piece lies in two of our pages at most, and a
 * frame for a guest many times.
 */
export const COPIES_MAX = 1024;

/** Frames that wait until a guest offers buffers, of each of its queues, and pages for them. */
export const WAITING_FRAMES = 256;
export const WAITING_PAGES = 64;

/** What has waited so long is dropped (rx_drain_timeout_msecs in netback.c @ v6.12). */
export const WAITING_MS = 10_000;

/** Who offers no buffers for so long gets nothing until it does (rx_stall_timeout_msecs). */
export const STALLED_MS = 60_000;

/** Between looks at the rings of a frontend that tells nobody of new buffers. */
export const LOOK_MS = 30;

/** Addresses of a multicast filter (XEN_NETBK_MCAST_MAX in common.h @ v6.12). */
export const MULTICAST_MAX = 64;

/** Bytes of a hash's key and entries of its mapping (common.h @ v6.12). */
export const HASH_KEY_BYTES = 40;
export const HASH_MAPPING_MAX = 128;

/** Requests on a control ring that a turn does, at most. */
export const CONTROLS_PER_TURN = 8;

/** What a frontend may want left free in front of a frame, in a page that has both: Linux's 256. */
export const HEADROOM_MAX = 2048;

/** Vifs that are served at a time, of all guests together. */
export const DEVICES_MAX = 4096;

/** What Linux's backend lets pass at once of a rate: 128 KiB (tx_add_credit @ v6.12). */
export const SHAPING_BURST_BYTES = 131_072;
