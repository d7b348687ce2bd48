/** The events of every open port as counts, and who waits for them. */

import { assert } from '../../core/assert.ts';
import type { Port } from '../../core/ids.ts';

/** How a wait ends when its port is closed. */
export class PortClosedError extends Error {
  override name = 'PortClosedError';
  readonly errno = 'EBADF';
}

interface Waiter {
  resolve(count: number): void;
  reject(reason: PortClosedError): void;
}

interface Counted {
  count: number;
  waiters: Waiter[];
}

export class PortCounts {
  readonly #ports = new Map<Port, Counted>();
  readonly #onWaiting: (somebody: boolean) => void;
  #waiting = 0;

  /** `onWaiting` hears when the first waiter comes and when the last one is served. */
  constructor(onWaiting: (somebody: boolean) => void) {
    this.#onWaiting = onWaiting;
  }

  add(port: Port): void {
    assert(!this.#ports.has(port), `port ${port} is bound twice`);
    this.#ports.set(port, { count: 0, waiters: [] });
  }

  has(port: Port): boolean {
    return this.#ports.has(port);
  }

  all(): readonly Port[] {
    return [...this.#ports.keys()];
  }

  /** Asserts that the port is open: using one that is closed is a bug. */
  known(port: Port): Counted {
    const counted = this.#ports.get(port);
    assert(counted !== undefined, `port ${port} is not open`);
    return counted;
  }

  raise(port: Port): void {
    const counted = this.known(port);
    counted.count++;
    for (const waiter of this.#take(counted)) waiter.resolve(counted.count);
  }

  /** Forgets the port and rejects its waiters. */
  remove(port: Port): void {
    const waiters = this.#take(this.known(port));
    this.#ports.delete(port);
    for (const waiter of waiters) waiter.reject(new PortClosedError(`port ${port} was closed`));
  }

  wait(port: Port, seen: number): Promise<number> {
    const counted = this.known(port);
    if (counted.count !== seen) return Promise.resolve(counted.count);
    return new Promise((resolve, reject) => {
      counted.waiters.push({ resolve, reject });
      this.#waiting++;
      if (this.#waiting === 1) this.#onWaiting(true);
    });
  }

  #take(counted: Counted): readonly Waiter[] {
    const { waiters } = counted;
    if (waiters.length === 0) return waiters;
    counted.waiters = [];
    this.#waiting -= waiters.length;
    if (this.#waiting === 0) this.#onWaiting(false);
    return waiters;
  }
}
