/** Bounds of the lifecycle service. */

/** Before a VM starts again, so that one that dies at once takes no more than its share (xl waits 2 s). */
export const RESTART_DELAY_MS = 1000;
