/** Event channels: the kernel takes pending ports, this tells who listens. */

import { assert } from '../../core/assert.ts';
import { errnoName } from '../../core/errno.ts';
import { type Port, port } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Events } from '../events.ts';
import type { Kernel, Status } from './kernel.ts';

interface PortState {
  /** Events came that nobody has heard of. */
  missed: boolean;
  heard: (() => void) | undefined;
  closed: (() => void) | undefined;
}

export interface StubdomEvents extends Events {
  /** Takes over a port that the domain was created with. */
  adopt(port: Port): Result<Port>;
  /** Tells of an event of each of the first `count` ports that the kernel took. */
  deliver(count: number): void;
  /** Whether anybody listens. */
  isAwaited(): boolean;
}

export function events(kernel: Kernel): StubdomEvents {
  const states: (PortState | undefined)[] = [];
  let listeners = 0;

  const known = (which: Port): PortState => {
    const state = states[which];
    assert(state !== undefined, `port ${which} is not bound`);
    return state;
  };
  const bound = (status: Status, what: string): Result<Port> => {
    if (status < 0) return fail(errnoName(status), what);
    states[status] = { missed: false, heard: undefined, closed: undefined };
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
      // The words, and a call, only where they are needed: this is asked for each request.
      if (states[which] === undefined) known(which);
      kernel.notify(which);
    },
    unmask: (which) => {
      if (states[which] === undefined) known(which);
      kernel.unmask(which);
    },
    close: (which) => {
      const { heard, closed } = known(which);
      states[which] = undefined;
      kernel.close(which);
      if (heard !== undefined) listeners--;
      if (closed !== undefined) void Promise.resolve().then(closed);
    },
    listen: (which, heard, closed) => {
      const state = known(which);
      assert(state.heard === undefined, `port ${which} has a listener already`);
      listeners++;
      state.heard = heard;
      state.closed = closed;
      const isListening = (): boolean => states[which] === state;
      if (state.missed) void Promise.resolve().then(() => isListening() && heard());
    },
    deliver: (count) => {
      for (let i = 0; i < count; i++) {
        const state = states[kernel.ports[i]!];
        // Closed between the event and now.
        if (state === undefined) continue;
        if (state.heard === undefined) state.missed = true;
        else state.heard();
      }
    },
    isAwaited: () => listeners > 0,
  };
}
