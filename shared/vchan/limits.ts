/** What a vchan has at most (tools/libs/vchan/init.c @ RELEASE-4.17.0, by its names). */

/** A ring of so many bytes, as a power of two, lies in the shared page: SMALL_RING_SHIFT. */
export const SMALL_ORDER = 10;

/** So does one of these: LARGE_RING_SHIFT. Its place is where its size says, too. */
export const LARGE_ORDER = 11;

/** From a page on a ring has pages of its own. */
export const PAGE_ORDER = 12;

/** MAX_RING_SHIFT: the references of more pages would not fit into the shared page. */
export const ORDER_MAX = 20;

/** The longest a number of the store is, as text: a u32. */
export const NUMBER_TEXT_MAX = 10;

/**
 * From a client's leaving to the next offer, of which each takes a transaction of the store: a
 * client that comes and goes in a loop costs 50 of them a second.
 */
export const OFFER_PAUSE_MS = 20;

/** From an offer that could not be made, for want of pages or of the store, to the next attempt. */
export const OFFER_RETRY_MS = 1000;
