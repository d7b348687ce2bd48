/** Event channels: the kernel takes pending ports, this counts them and wakes who waits. */

import { assert } from '../../core/assert.ts';
import { errnoName } from '../../core/errno.ts';
import { type Port, port } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Events } from '../events.ts';
import type { Kernel, Status } from './kernel.ts';

/** How a wait ends when its port is closed. */
export class PortClosedError extends Error {
  override name = 'PortClosedError';
  readonly errno = 'EBADF';
}

interface Waiter {
  resolve(count: number): void;
  reject(reason: PortClosedError): void;
}

interface PortState {
  count: number;
  waiter: Waiter | undefined;
  /** Beside the first: there is hardly ever one. */
  others: Waiter[] | undefined;
}

export interface StubdomEvents extends Events {
  /** Takes over a port that the domain was created with. */
  adopt(port: Port): Result<Port>;
  /** Counts an event of each of the first `count` ports that the kernel took. */
  deliver(count: number): void;
  /** Whether anybody waits for an event. */
  isAwaited(): boolean;
}

interface Waits {
  /** The count of the port's events, once there is another. */
  begin(state: PortState): Promise<number>;
  /** Ends all waits for the port, the oldest first. */
  end(state: PortState, how: (waiter: Waiter) => void): void;
  count(): number;
}

function createWaits(): Waits {
  let waiting = 0;
  // One function for all promises: a wait is made for every request.
  let made: Waiter | undefined;
  const make = (resolve: Waiter['resolve'], reject: Waiter['reject']): void => {
    made = { resolve, reject };
  };
  return {
    begin: (state) => {
      const promise = new Promise<number>(make);
      if (state.waiter === undefined) state.waiter = made;
      else {
        state.others ??= [];
        state.others.push(made as Waiter);
      }
      waiting++;
      return promise;
    },
    end: (state, how) => {
      const { waiter, others } = state;
      if (waiter === undefined) return;
      state.waiter = state.others = undefined;
      waiting -= 1 + (others?.length ?? 0);
      how(waiter);
      others?.forEach(how);
    },
    count: () => waiting,
  };
}

export function events(kernel: Kernel): StubdomEvents {
  const states: (PortState | undefined)[] = [];
  const waits = createWaits();

  const known = (which: Port): PortState => {
    const state = states[which];
    // The words are made only when they are needed: this is asked thrice for each request.
    if (state === undefined) assert(false, `port ${which} is not bound`);
    return state;
  };
  const bound = (status: Status, what: string): Result<Port> => {
    if (status < 0) return fail(errnoName(status), what);
    states[status] = { count: 0, waiter: undefined, others: undefined };
    return ok(port(status));
  };
  return {
    allocUnbound: (remote) =>
      bound(kernel.allocUnbound(remote), `cannot allocate an event channel for domain ${remote}`),
    bindInterdomain: (remote, remotePort) =>
      bound(
        kernel.bindInterdomain(remote, remotePort),
        `cannot bind to port ${remotePort} of domain ${remote}`,
      ),
    bindVirq: (virq) => bound(kernel.bindVirq(virq), `cannot bind virq ${virq}`),
    adopt: (which) => bound(kernel.adopt(which), `there can be no port ${which}`),
    notify: (which) => {
      known(which);
      kernel.notify(which);
    },
    unmask: (which) => {
      known(which);
      kernel.unmask(which);
    },
    close: (which) => {
      const state = known(which);
      states[which] = undefined;
      kernel.close(which);
      waits.end(state, ({ reject }) => reject(new PortClosedError(`port ${which} was closed`)));
    },
    wait: (which, seen) => {
      const state = known(which);
      if (state.count !== seen) return Promise.resolve(state.count);
      return waits.begin(state);
    },
    deliver: (count) => {
      for (let i = 0; i < count; i++) {
        const state = states[kernel.ports[i]!];
        // Closed between the event and now.
        if (state === undefined) continue;
        state.count++;
        waits.end(state, ({ resolve }) => resolve(state.count));
      }
    },
    isAwaited: () => waits.count() > 0,
  };
}
