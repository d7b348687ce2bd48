/** Drives virtual time: one thing happens, everything that it made ready runs, then the next. */

import { AssertionError } from '../../core/assert.ts';
import type { Schedule } from './schedule.ts';

export interface Drive {
  /**
   * Lets time pass until the promise is settled. An AssertionError if nothing that could settle it
   * is left to happen, or if an hour of virtual time has passed.
   */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Lets `ms` of virtual time pass. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until nothing is planned any more. */
  settle(): Promise<void>;
}

/** The parts of a JavaScript host that a simulation can use where they exist. */
interface Host {
  readonly setImmediate?: (then: () => void) => void;
  readonly setTimeout?: (then: () => void, ms: number) => void;
}

const host = globalThis as Host;
const HOUR_NS = 3600e9;
const HOST_POLL_MS = 5;

/** Ends when everything that was ready has run: a turn of the host's loop, or microtasks enough. */
async function breathe(): Promise<void> {
  const later = host.setImmediate;
  if (later) return new Promise((resolve) => later(resolve));
  for (let i = 0; i < 200; i++) await undefined;
}

/** `hostPatienceMs`: how long a promise may wait for the host itself (a file, a child process). */
export function drive(schedule: Schedule, hostPatienceMs: number): Drive {
  const untilNs = async (end: number): Promise<void> => {
    await breathe();
    for (let next = schedule.nextNs(); next !== undefined && next <= end; ) {
      schedule.step();
      await breathe();
      next = schedule.nextNs();
    }
  };
  return {
    async run(promise) {
      let settled = false;
      const settle = () => {
        settled = true;
      };
      promise.then(settle, settle);
      await breathe();
      const end = schedule.nowNs() + HOUR_NS;
      for (let idleMs = 0; !settled; await breathe()) {
        if (schedule.nextNs() !== undefined) {
          schedule.step();
          idleMs = 0;
        } else {
          if (!host.setTimeout || idleMs >= hostPatienceMs)
            throw stuck('nothing is left to happen');
          await new Promise<void>((resolve) => host.setTimeout?.(resolve, HOST_POLL_MS));
          idleMs += HOST_POLL_MS;
        }
        if (schedule.nowNs() > end) throw stuck('an hour of virtual time has passed');
      }
      return promise;
    },
    async advance(ms) {
      const end = schedule.nowNs() + Math.round(ms * 1e6);
      await untilNs(end);
      schedule.skipTo(end);
    },
    settle: () => untilNs(Number.POSITIVE_INFINITY),
  };
}

function stuck(why: string): AssertionError {
  return new AssertionError(`the simulation is stuck: ${why}`);
}
