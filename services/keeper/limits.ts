/** Bounds of the keeper. */

/** One that lived so long was not at fault in its start: its end is followed by a start at once. */
export const STEADY_MS = 10_000;

/** Between starts of one that does not live: twice as long after each, at most. */
export const PAUSE_FIRST_MS = 100;
export const PAUSE_MOST_MS = 10_000;

/** Between looks at a process that somebody else has started. */
export const LOOK_MS = 100;

/** Devices of driver domains whose journals are kept: gntalloc gives 1024 pages, 8 for each. */
export const JOURNALS_MAX = 128;

/** For a driver of the kernel's to be loaded and to take a device, and between looks. */
export const BIND_MS = 10_000;
export const BIND_AGAIN_MS = 100;

/** Until a request to the store that is not answered counts as failed. */
export const STORE_DEADLINE_MS = 10_000;
