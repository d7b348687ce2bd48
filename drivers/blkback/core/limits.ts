/** What a block backend holds at most, and why. */

/**
 * Segments of an indirect request: what Linux's backend offers (xen_blkif_max_segments in
 * xen-blkback/xenbus.c @ v6.12). They fit one page of segments.
 */
export const INDIRECT_SEGMENTS_MAX = 256;

/** A ring's pages, as their order: what Linux's backend offers (xenbus.c of it @ v6.12). */
export const RING_ORDER_MAX = 4;

/** Rings of a disk. Linux's frontend takes as many as it has processors. */
export const QUEUES_MAX = 4;

/** How often a request may be begun: one that kills its backend twice is answered. */
export const ATTEMPTS_MAX = 2;

/** Requests that are taken out of a ring in a turn: a page's worth. */
export const TAKEN_PER_TURN = 32;

/** Copies in one call: several times what the largest request needs. */
export const COPIES_MAX = 2048;

/** Between attempts at what the disk could not do. */
export const RETRY_MS = 1000;

/** Pages for the data of one disk's requests under way: 4 MiB. */
export const SLAB_PAGES = 1024;

/** Until the keeper must have granted memory for a device of a driver domain. */
export const KEEPER_MS = 5000;

/** Until a request to the store that is not answered counts as failed. */
export const STORE_DEADLINE_MS = 10_000;
