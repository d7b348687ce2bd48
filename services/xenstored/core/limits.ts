/** Every bound of the store that no quota of C xenstored names, with its reason. */

/**
 * What a socket may leave unread (costOf in output.ts) before it is cut off: a stopped reader must
 * not eat dom0.
 */
export const SOCKET_OUTPUT_MAX = 32 * 1024 * 1024;

/** The same for all sockets together: the one that leaves most is cut off. */
export const SOCKETS_OUTPUT_MAX = 64 * 1024 * 1024;

/** Sockets that leave less than this do not count for that. */
export const SOCKET_OUTPUT_SMALL = 64 * 1024;

/**
 * Bytes that things cost in QuickJS beside what C xenstored counts of them (measured; V8 takes
 * less): charged on an account of their own, see overheadOf. A watch event is its record in
 * waiting-events.ts and the room that is kept for more.
 */
export const EVENT_COST = 96;
export const NODE_COST = 288;
export const WATCH_COST = 640;
/** A node that a transaction has looked at: the note of it, and the copy that it may have made. */
export const ACCESS_COST = 1024;

/** Unread events of an unprivileged domain, for each watch that its quota allows. */
export const EVENTS_PER_WATCH = 8;

/** Events that one change by an unprivileged domain may cause; one that causes more is refused. */
export const EVENTS_PER_CHANGE = 2048;

/** Waiting events looked at for one that is equal. */
export const CHAIN_MAX = 64;

/** Watches of one node up to this many are kept in a list; more are kept by connection. */
export const WATCHERS_LIST_MAX = 8;

/** Values up to this many bytes are kept as strings: a third of the memory of a typed array. */
export const STRING_VALUE_MAX = 128;

/**
 * Children in a bucket of a directory, on average at most: what a write copies after a snapshot.
 */
export const BUCKET_CHILDREN = 16;

/** Names that came or went since a large directory was listed, before its list is made anew. */
export const LISTED_CHANGES_MAX = 32;

/** Parsed paths kept for the next request; a power of two. */
export const PATH_CACHE_SLOTS = 512;
/** The same where an engine keeps them by their text. */
export const TEXT_PATHS = 1024;
/** Longer paths, and those of more names, are parsed each time. */
export const PATH_CACHE_LENGTH = 192;
export const PATH_CACHE_PARTS = 16;
/** Where the limit on the length of paths is lower, none is kept. */
export const PATH_CACHE_LIMIT = 256;

/** Names kept so that equal names are one string. */
export const NAME_CACHE_SLOTS = 1024;

/** Permission lists kept so that equal lists are one object; a power of two. */
export const PERMS_CACHE_SLOTS = 512;

/** A transaction that has touched more nodes keeps its snapshot until it ends: see merge.ts. */
export const REFRESH_NODES_MAX = 64;

/**
 * Bytes of what the store has changed since, after which a transaction loses its snapshot and what
 * that keeps alive.
 */
export const SNAPSHOT_BYTES_MAX = 512 * 1024;

/** Transactions that end, of 8 nodes each, before paths forget where they led in them. */
export const HINT_TRANSACTIONS_MAX = 16;

/** Changes of the tree's shape after which paths forget where they led: see Path.hint. */
export const HINT_SHAPES_MAX = 1024;

/** DEFAULT_BUFFER_SIZE of C xenstored 4.17: replies up to this size escape the memory quota. */
export const SMALL_REPLY = 256;

/**
 * xenstored_domain.c @ RELEASE-4.17.7, MEM_WARN_MINTIME_SEC: between two lines about one domain.
 */
export const MEMORY_LOG_INTERVAL_MS = 10_000;

/** Output that waits is kept in pieces of this size, or in one that is smaller. */
export const OUTPUT_PIECE = 16 * 1024;

/** An empty piece larger than this is given back. */
export const OUTPUT_KEEP = 4 * 1024;
