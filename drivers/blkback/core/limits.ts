/** What a block backend holds at most, and why. */

/**
 * Segments of an indirect request: what Linux's backend offers (xen_blkif_max_segments in
 * xen-blkback/xenbus.c @ v6.12). They fit one page of segments.
 */
export const INDIRECT_SEGMENTS_MAX = 256;

/** A ring's pages: what Linux's backend offers at most (XENBUS_MAX_RING_GRANT_ORDER, 4). */
export const RING_PAGES_MAX = 16;

/** How often a request may be begun: one that kills its backend twice is answered. */
export const ATTEMPTS_MAX = 2;

/** Requests that are taken out of a ring in a turn: a page's worth. */
export const TAKEN_PER_TURN = 32;
