/** What a connection of the RPC holds and waits for at most, and why. */

/**
 * Bytes of a message: a configuration, or a list of a thousand VMs with name and state, fits. What
 * is longer is a stream. Of a peer that reads no replies, CALLS_MAX of them may be kept.
 */
export const MESSAGE_MAX = 1 << 18;

/** Bytes read at a time: a page. */
export const READ_BYTES = 4096;

/** How deep values may be nested: the deepest contract has a handful of levels. */
export const DEPTH_MAX = 16;

/** Values in one message, those in others too: what one of MESSAGE_MAX bytes can cost to take. */
export const VALUES_MAX = 50_000;

/** Connections of one service. */
export const CONNECTIONS_MAX = 64;

/** Calls under way on one connection. Who asks for more is told EAGAIN. */
export const CALLS_MAX = 64;

/** Bytes that wait to be written; beyond, nothing more is read from that peer. */
export const WAITING_MAX = 2 * MESSAGE_MAX;

/** Items of a stream that may be under way before their reader has asked for more. */
export const STREAM_WINDOW = 32;

/** How long the other end may take to say who it is. */
export const HELLO_MS = 5000;

/** How long the rest of a message that has begun may take. */
export const MESSAGE_MS = 10_000;

/** How long the other end may take to read what was written, a message at a time. */
export const WRITE_MS = 10_000;

/** How long the last words of an end that takes nothing more are waited for. */
export const LAST_WORDS_MS = 1000;

/** How long a call may take if its caller does not say. */
export const CALL_MS = 30_000;

/** The longest that one may wait for: a day. */
export const CALL_MOST_MS = 86_400_000;

/** From the first attempt to connect anew to the next one; twice that after each. */
export const RETRY_MS = 50;
export const RETRY_MOST_MS = 2000;

/** Words of a failure that are handed on. */
export const WORDS_MAX = 1000;

/** The longest name of a service or an op. */
export const NAME_MAX = 64;
