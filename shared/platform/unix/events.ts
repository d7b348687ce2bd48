/** Event channels of dom0: /dev/xen/evtchn, whose file descriptor wakes Node's event loop. */

import { assert } from '../../core/assert.ts';
import { type Domid, type Port, port } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Events } from '../events.ts';
import { ffi, lastFailure, once } from './ffi.ts';
import { libc, quietLogger, xenevtchn } from './libraries.ts';

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
  waiters: Waiter[];
}

/** Pending ports taken by one read. */
const BATCH = 256;

type Library = Extract<ReturnType<typeof xenevtchn>, { ok: true }>['value'];

/** The open device and the loop's interest in it. */
interface Device {
  readonly library: Library;
  readonly handle: number;
  readonly fd: number;
  /** Takes many pending ports at once; polling has made the descriptor one that does not block. */
  readonly read: (fd: number, into: Uint32Array, bytes: number) => number;
  readonly poll: ReturnType<ReturnType<typeof ffi>['node']['poll']>;
}

function openDevice(onReadable: () => void): Result<Device> {
  const library = xenevtchn();
  if (!library.ok) return library;
  const system = libc();
  if (!system.ok) return system;
  const handle = library.value.xenevtchn_open(quietLogger(), 0);
  if (handle === 0) return lastFailure('cannot open the event channel device /dev/xen/evtchn');
  const fd = library.value.xenevtchn_fd(handle);
  const poll = ffi().node.poll(fd, { readable: true }, onReadable);
  // Only a waiter keeps the process alive.
  poll.unref();
  return ok({ library: library.value, handle, fd, read: system.value.read, poll });
}

export interface UnixEvents extends Events {
  closeAll(): void;
}

export function events(): UnixEvents {
  const ports = new Map<Port, PortState>();
  const pending = new Uint32Array(BATCH);
  let waiting = 0;

  const settle = (state: PortState, use: (waiter: Waiter) => void) => {
    const waiters = state.waiters;
    if (waiters.length === 0) return;
    state.waiters = [];
    waiting -= waiters.length;
    if (waiting === 0) opened().poll.unref();
    for (const waiter of waiters) use(waiter);
  };

  /** Counts what is pending; `unheard` is a port whose events so far are nobody's. */
  const drain = (unheard?: Port) => {
    const { library, handle, fd, read } = opened();
    for (;;) {
      const bytes = read(fd, pending, pending.byteLength);
      for (let i = 0; i < bytes / 4; i++) {
        const which = pending[i] as Port;
        const state = ports.get(which);
        if (state === undefined) continue;
        if (which === unheard) {
          library.xenevtchn_unmask(handle, which);
          continue;
        }
        state.count++;
        const count = state.count;
        settle(state, (waiter) => waiter.resolve(count));
      }
      if (bytes < pending.byteLength) return;
    }
  };

  const device = once(() => openDevice(() => drain()));
  const opened = (): Device => {
    const found = device();
    assert(found.ok, 'a port exists without its device');
    return found.value;
  };
  const known = (which: Port): PortState => {
    const state = ports.get(which);
    assert(state !== undefined, `port ${which} is not bound`);
    return state;
  };

  const bound = (what: string, call: (device: Device) => number): Result<Port> => {
    const found = device();
    if (!found.ok) return found;
    const number = call(found.value);
    if (number === -1) return lastFailure(what);
    const which = port(number);
    ports.set(which, { count: 0, waiters: [] });
    // Xen raises an event at a port that is bound to another, lest one was missed: it counts none.
    drain(which);
    return ok(which);
  };

  const close = (which: Port) => {
    const state = known(which);
    const { library, handle } = opened();
    library.xenevtchn_unbind(handle, which);
    ports.delete(which);
    // The number may be taken again: what is still pending of the old port must not reach the new.
    drain();
    settle(state, (waiter) => waiter.reject(new PortClosedError(`port ${which} was closed`)));
  };

  return {
    allocUnbound: (remote: Domid) =>
      bound(`cannot allocate an event channel for domain ${remote}`, ({ library, handle }) =>
        library.xenevtchn_bind_unbound_port(handle, remote),
      ),
    bindInterdomain: (remote, remotePort) =>
      bound(`cannot bind to port ${remotePort} of domain ${remote}`, ({ library, handle }) =>
        library.xenevtchn_bind_interdomain(handle, remote, remotePort),
      ),
    bindVirq: (virq) =>
      bound(`cannot bind virq ${virq}`, ({ library, handle }) =>
        library.xenevtchn_bind_virq(handle, virq),
      ),
    notify: (which) => {
      known(which);
      const { library, handle } = opened();
      library.xenevtchn_notify(handle, which);
    },
    unmask: (which) => {
      known(which);
      const { library, handle } = opened();
      library.xenevtchn_unmask(handle, which);
    },
    close,
    wait: (which, seen) => {
      const state = known(which);
      if (state.count !== seen) return Promise.resolve(state.count);
      return new Promise((resolve, reject) => {
        state.waiters.push({ resolve, reject });
        waiting++;
        if (waiting === 1) opened().poll.ref();
      });
    },
    closeAll: () => {
      for (const which of [...ports.keys()]) close(which);
      const found = device.peek();
      if (found === undefined) return;
      found.poll.close();
      found.library.xenevtchn_close(found.handle);
    },
  };
}
