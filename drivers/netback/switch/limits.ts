/** What a switch holds and does at most, and why. */

import type { Burst } from '../../../shared/core/rate.ts';

/** Ports of a switch, its uplink and the gateway's among them: guests of a host by far. */
export const PORTS_MAX = 512;

/** Addresses that are known at a time, and of them those that one guest's port may teach. */
export const MACS_MAX = 2048;
export const MACS_PER_PORT = 64;

/** MAC and IP addresses that a guest's port is bound to, of each kind. */
export const BOUND_MAX = 64;

/** What nobody has seen so long is forgotten (802.1D's default). */
export const AGE_S = 300;

/** Entries of a table that a second's tick looks at: all of them within some seconds. */
export const SWEPT_PER_TICK = 512;

/**
 * Frames a second that a port may send to all: broadcasts, groups, addresses that nobody knows. A
 * flood costs every guest a copy; what is more than this is dropped.
 */
export const FLOODS_PER_SECOND = 500;
export const FLOOD_BURST: Burst = { ms: 1000, bytes: 0 };
