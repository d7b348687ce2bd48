/** What the front end of a disk holds at most, and why. */

/** Pages of our ring, as their order: 32 large requests at a time are more than most disks take. */
export const RING_ORDER_MAX = 1;

/** Segments of an indirect request that fit one page of them. */
export const LIST_SEGMENTS_MAX = 512;

/** Pages of segments: large requests that are under way at a time. */
export const LISTS_MAX = 16;
