/** Bounds of the lifecycle service. */

/**
 * Before a VM starts again, so that one that dies at once takes no more than its share (xl waits 2
 * s).
 */
export const RESTART_DELAY_MS = 1000;

/** How long the service stays without a domain, so that VMs in a row do not start it each time. */
export const LINGER_MS = 10_000;
