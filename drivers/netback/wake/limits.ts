/** What waits for VMs that do not run, at most, and why. */

/** VMs that packets may wake: those of a host by far. */
export const SLEEPERS_MAX = 256;

/** Frames that wait, in all and for one VM, each of so many bytes: a few first packets. */
export const HELD_MAX = 64;
export const HELD_PER_VM = 8;
export const HELD_BYTES = 2048;

/** How long a VM may take to come up before what waits for it is dropped. */
export const WAKE_S = 60;

/** One that did not come up is not asked for again before that. */
export const AGAIN_S = 30;

/**
 * How many VMs one source may wake in a minute, and how many sources are known at a time: who scans
 * a network does not start a host's VMs all at once.
 */
export const WAKES_PER_SOURCE = 4;
export const SOURCES_MAX = 256;
export const SOURCE_S = 60;
