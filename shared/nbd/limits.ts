/** What a client of NBD takes from a server, or keeps for it, at most. */

/** Data of one option reply: the longest string of the protocol has 4096 bytes (proto.md). */
export const OPTION_REPLY_MAX = 4096 + 64;

/** Replies to one option: of each kind of information one; today there are four kinds. */
export const OPTION_REPLIES_MAX = 64;

/** Of a server's words that are told to people. */
export const WORDS_MAX = 200;

/** Where the server names no bound on data: what any server has to take (proto.md, 2^25). */
export const PAYLOAD_DEFAULT = 1 << 25;

/** Data of one request: what the largest request of a guest has (256 segments of a page). */
export const PAYLOAD_MAX = 1 << 20;

/** Bytes of one request to discard: no data goes with it, but its length has 32 bits. */
export const TRIM_MAX = 1 << 30;

/** The largest minimum block that the protocol knows. */
export const MIN_BLOCK_MAX = 1 << 16;

/** The largest sector that a guest's disk may have: a page (io/blkif.h @ RELEASE-4.17.0). */
export const SECTOR_MAX = 4096;

/**
 * Writes that are answered and not flushed, by disk: their data and their number. At half of it
 * a flush is asked for: 4 MiB are some ten milliseconds of a disk that turns, and one flush of it.
 */
export const UNFLUSHED_BYTES = 8 << 20;
export const UNFLUSHED_ENTRIES = 4096;
