/** Bounds of the lifecycle service. */

/**
 * Before a VM starts again, so that one that dies at once takes no more than its share (xl waits 2
 * s).
 */
export const RESTART_DELAY_MS = 1000;

/** A VM that cannot be started is tried again after twice as long as before, at most this. */
export const RETRY_MAX_MS = 60_000;

/** About three minutes: what is in the way for longer, somebody has to clear away. */
export const ATTEMPTS_MAX = 8;

/** How long the service stays without a domain, so that VMs in a row do not start it each time. */
export const LINGER_MS = 10_000;
