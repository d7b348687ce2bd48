/**
 * Keeps the event loop awake for a moment after work. A processor that sleeps takes tens of
 * microseconds to wake, on a virtual machine more than twice what a request takes; a client that
 * asks one thing after the other comes back before that.
 */

import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';

/** Longer than a client on another processor takes to read a reply and to ask again. */
const AWAKE_MS = 0.06;

/**
 * Work that must come of a vigil: its end is always in vain. Where others want the processor too,
 * few follow each other so closely.
 */
const WORTH = 16;

/** After so many vigils in vain only one in 2 ** MISSES_MAX occasions is taken. */
const MISSES_MAX = 8;

export interface WakefulnessHost {
  nowMs(): number;
  /** Calls `run` once, after all that is ready now. */
  soon(run: () => void): void;
  /** With one processor nobody else could do anything meanwhile. */
  readonly processors: number;
}

const THIS_PROCESS: WakefulnessHost = {
  nowMs: () => performance.now(),
  soon: setImmediate,
  processors: availableParallelism(),
};

/**
 * A function to call after work was done. It stays awake less and less often while nothing comes of
 * it: clients are slow, or wait for the processor that we keep busy.
 */
export function createWakefulness(host: WakefulnessHost = THIS_PROCESS): () => void {
  const { nowMs, soon, processors } = host;
  if (processors < 2) return () => {};
  let awake = false;
  /** How often work came while awake. */
  let worked = 0;
  let untilMs = 0;
  let misses = 0;
  let skip = 0;

  const look = (): void => {
    if (nowMs() < untilMs) {
      soon(look);
      return;
    }
    awake = false;
    misses = worked >= WORTH ? Math.max(0, misses - 1) : Math.min(MISSES_MAX, misses + 1);
    skip = 2 ** misses - 1;
  };
  return () => {
    if (awake) worked++;
    else if (skip > 0) {
      skip--;
      return;
    } else {
      awake = true;
      worked = 0;
      soon(look);
    }
    untilMs = nowMs() + AWAKE_MS;
  };
}
