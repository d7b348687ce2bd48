/** Every bound of the store that no quota of C xenstored names, with its reason. */

/**
 * Output that a socket may leave unread before it is cut off: a stopped reader must not eat dom0.
 */
export const SOCKET_OUTPUT_MAX = 32 * 1024 * 1024;

/** Values up to this many bytes are kept as strings: a third of the memory of a typed array. */
export const STRING_VALUE_MAX = 128;

/**
 * Children in a bucket of a directory, on average at most: what a write copies after a snapshot.
 */
export const BUCKET_CHILDREN = 16;

/** Parsed paths kept for the next request; a power of two. */
export const PATH_CACHE_SLOTS = 512;
/** Longer paths are parsed each time. */
export const PATH_CACHE_LENGTH = 192;

/** Names kept so that equal names are one string; a power of two. */
export const NAME_CACHE_SLOTS = 1024;

/** Permission lists kept so that equal lists are one object; a power of two. */
export const PERMS_CACHE_SLOTS = 512;

/** A transaction that has touched more nodes keeps its snapshot until it ends: see merge.ts. */
export const REFRESH_NODES_MAX = 64;

/**
 * Changes of the store after which an idle transaction loses its snapshot, and what that keeps
 * alive.
 */
export const SNAPSHOT_CHANGES_MAX = 64;

/** Changes of the tree's shape after which paths forget where they led: see Path.hint. */
export const HINT_SHAPES_MAX = 1024;

/** DEFAULT_BUFFER_SIZE of C xenstored 4.17: replies up to this size escape the memory quota. */
export const SMALL_REPLY = 256;

/**
 * xenstored_domain.c @ RELEASE-4.17.7, MEM_WARN_MINTIME_SEC: between two lines about one domain.
 */
export const MEMORY_LOG_INTERVAL_MS = 10_000;

/** Empty output buffers larger than this are given back. */
export const OUTPUT_KEEP = 64 * 1024;
