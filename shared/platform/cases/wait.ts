/** Waiting with a limit, in the time of the platform under test. */

import type { Port } from '../../core/ids.ts';
import type { Clock } from '../clock.ts';
import type { Events } from '../events.ts';
import type { Platform } from '../platform.ts';
import { ExpectationError } from './expect.ts';

/** Long enough for a host under software emulation. */
export const PATIENCE_MS = 10_000;
/** How long nothing must happen before it counts as nothing. */
export const QUIET_MS = 60;

/** The promise's value, or undefined once `ms` have passed. */
export function withinMs<T>(clock: Clock, promise: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    promise.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (reason) => {
        cancel();
        reject(reason);
      },
    );
  });
}

interface Count {
  heard: number;
  waiters: { resolve(count: number): void; reject(reason: Error): void }[];
}

const counts = new WeakMap<Events, Map<Port, Count>>();

function countOf(events: Events, port: Port): Count {
  const of = counts.get(events) ?? new Map<Port, Count>();
  counts.set(events, of);
  const known = of.get(port);
  if (known !== undefined) return known;
  const count: Count = { heard: 0, waiters: [] };
  of.set(port, count);
  const heard = (): void => {
    count.heard++;
    for (const { resolve } of count.waiters.splice(0)) resolve(count.heard);
  };
  const closed = (): void => {
    of.delete(port);
    const reason = Object.assign(new Error(`port ${port} was closed`), { errno: 'EBADF' });
    for (const { reject } of count.waiters.splice(0)) reject(reason);
  };
  events.listen(port, heard, closed);
  return count;
}

/**
 * How many events of the port were heard since it was first asked about, once that is not `seen`:
 * at once, or at the next one. Rejects with EBADF when the port is closed.
 */
export function waitFor(events: Events, port: Port, seen: number): Promise<number> {
  const count = countOf(events, port);
  if (count.heard !== seen) return Promise.resolve(count.heard);
  return new Promise((resolve, reject) => count.waiters.push({ resolve, reject }));
}

/** The port's next count after `seen`. Fails when none comes. */
export async function nextCount(on: Platform, port: Port, seen: number): Promise<number> {
  const count = await withinMs(on.clock, waitFor(on.events, port, seen), PATIENCE_MS);
  if (count === undefined) throw new ExpectationError(`no event on port ${port}: a lost wake-up`);
  return count;
}

/**
 * The port's count once it stays the same. A hypervisor may raise an event when a channel is bound,
 * and any event may come once too often: consumers live with that, so the suite does too.
 */
export async function settledCount(on: Platform, port: Port): Promise<number> {
  let seen = 0;
  for (;;) {
    const wait = waitFor(on.events, port, seen);
    const count = await withinMs(on.clock, wait, QUIET_MS);
    if (count === undefined) {
      wait.catch(() => {}); // Left behind: the next event or the close ends it.
      return seen;
    }
    seen = count;
    on.events.unmask(port);
  }
}

/** Asks until `done`, for things that a host finishes in its own time. */
export async function eventually(clock: Clock, done: () => boolean, what: string): Promise<void> {
  const end = clock.nowMs() + PATIENCE_MS;
  while (!done()) {
    if (clock.nowMs() > end) throw new ExpectationError(`${what}: still not so`);
    await clock.sleep(20);
  }
}
