/** What a block backend holds and does at most, and why. */

import type { Burst } from '../../../shared/core/rate.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';

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

/**
 * Requests that are taken out of a ring and not begun: a page's worth. The rest stays in the ring,
 * and in no journal.
 */
export const WAITING_MAX = 32;

/**
 * Requests of a disk that are begun in a turn, refused ones too: two pages' worth. Nobody waits
 * longer for a guest's turn than these and the next two limits let it.
 */
export const BEGUN_PER_TURN = 64;

/** Completions that are looked at in a turn, at most; what is left comes in the next. */
export const COMPLETED_PER_TURN = 64;

/**
 * Pages of data that a turn begins requests for, and as many of reads that it completes: what the
 * largest request has, so that a turn always gets on.
 */
export const PAGES_PER_TURN = INDIRECT_SEGMENTS_MAX;

/**
 * Copies in one call: all that a turn needs for what it begins, since a page of data lies in two of
 * ours at most, and so does a list of segments.
 */
export const COPIES_MAX = 2 * PAGES_PER_TURN + 2 * BEGUN_PER_TURN;

/** Disks that are served at a time, of all guests together. */
export const DEVICES_MAX = 4096;

/** Between attempts at what the disk could not do. */
export const RETRY_MS = 1000;

/** Pages for the data of one disk's requests under way: 4 MiB. */
export const SLAB_PAGES = 1024;

/** What a disk may have saved of its rate: 100 ms of it, or one largest request. */
export const BURST: Burst = { ms: 100, bytes: INDIRECT_SEGMENTS_MAX * PAGE_SIZE };
