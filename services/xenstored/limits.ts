/**
 * Bounds of the daemon around the store; the store's own are in core/limits.ts and core/quota.ts.
 */

import { gref } from '../../shared/core/ids.ts';

/**
 * Requests of one domain before others get their turn. Below the quota of 20 outstanding
 * requests, so that one turn rarely ends for that reason.
 */
export const REQUESTS_PER_TURN = 16;

/**
 * Watch events that the requests of a turn may cause before others get theirs: the request that
 * goes beyond it is the last.
 */
export const EVENTS_PER_TURN = 256;

/** Domains served before sockets and timers get their turn. */
export const RINGS_PER_TURN = 64;

/**
 * Bytes read of one socket before others get their turn: at most 1024 requests, about a
 * millisecond.
 */
export const SOCKET_READ_BYTES = 16 * 1024;

/** A socket with more than this to read is not listened to until it has read some of it. */
export const SOCKET_UNREAD_MAX = 256 * 1024;

/** Domains asked of the hypervisor at a time. */
export const INFO_BATCH = 256;

/** Before the hypervisor is asked again for its domains, when it gave an error. */
export const INFO_RETRY_MS = 1000;

/** Between two looks at events that were left unread, while there are any. */
export const UNREAD_LOOK_MS = 1000;

/**
 * GNTTAB_RESERVED_XENSTORE (grant_table.h @ RELEASE-4.17.0): where a toolstack puts the ring's
 * page.
 */
export const XENSTORE_GREF = gref(1);

/** Lines that domains can make the daemon log, in each such time. */
export const LOG_LINES = 100;
export const LOG_WINDOW_MS = 10_000;
