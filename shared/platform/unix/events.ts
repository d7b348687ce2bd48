/** Event channels of dom0: /dev/xen/evtchn, whose file descriptor wakes Node's event loop. */

import { assert } from '../../core/assert.ts';
import { type Port, port } from '../../core/ids.ts';
import { ok, type Result } from '../../core/result.ts';
import type { Events } from '../events.ts';
import { ffi, lastFailure, once } from './ffi.ts';
import { guarded } from './guarded.ts';
import { libc, quietLogger, xenevtchn } from './libraries.ts';
import { PortListeners } from './port-listeners.ts';

/** Pending ports taken by one read. */
const BATCH = 256;

/** The open device and the loop's interest in it. */
interface Device {
  readonly library: Extract<ReturnType<typeof xenevtchn>, { ok: true }>['value'];
  readonly handle: number;
  /** Pending ports into `into`; the value is how many. */
  readonly take: (into: Uint32Array) => number;
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
  // Only a listener keeps the process alive.
  poll.unref();
  const { read } = system.value;
  // One read takes many ports, where the library takes one. Polling made the descriptor one that
  // does not block.
  const take = (into: Uint32Array) => Math.max(0, read(fd, into, into.byteLength)) / 4;
  return ok({ library: library.value, handle, take, poll });
}

export interface UnixEvents extends Events {
  closeAll(): void;
}

export function events(): UnixEvents {
  // What a listener throws koffi would lose.
  const onReadable = guarded(() => drain(listeners, opened(), 'now'));
  const device = once(() => openDevice(onReadable));
  const opened = (): Device => {
    const found = device();
    assert(found.ok, 'a port exists without its device');
    return found.value;
  };
  const listeners = new PortListeners((somebody) => {
    if (somebody) opened().poll.ref();
    else opened().poll.unref();
  });
  const bound = (what: string, call: (device: Device) => number): Result<Port> => {
    const found = device();
    return found.ok ? bind(listeners, found.value, what, call(found.value)) : found;
  };
  const close = (which: Port) => {
    listeners.known(which);
    const { library, handle } = opened();
    library.xenevtchn_unbind(handle, which);
    listeners.remove(which);
    // The number may be taken again: what is still pending of the old port must not reach the new.
    drain(listeners, opened(), 'soon');
  };
  return {
    allocUnbound: (remote) =>
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
      listeners.known(which);
      const { library, handle } = opened();
      library.xenevtchn_notify(handle, which);
    },
    unmask: (which) => {
      listeners.known(which);
      const { library, handle } = opened();
      library.xenevtchn_unmask(handle, which);
    },
    close,
    listen: (which, heard, closed) => listeners.listen(which, heard, closed),
    closeAll: () => {
      for (const which of listeners.all()) close(which);
      const found = device.peek();
      if (found === undefined) return;
      found.poll.close();
      found.library.xenevtchn_close(found.handle);
    },
  };
}

/** Takes up a port that was just bound, or says why it was not. */
function bind(
  listeners: PortListeners,
  device: Device,
  what: string,
  number: number,
): Result<Port> {
  if (number === -1) return lastFailure(what);
  const which = port(number);
  listeners.add(which);
  // Xen raises an event at a port that is bound to another, lest one was missed: it is nobody's.
  drain(listeners, device, 'soon', which);
  return ok(which);
}

/** One of its own for who tells now: listeners bind and close others meanwhile. */
const pending = { now: new Uint32Array(BATCH), soon: new Uint32Array(BATCH) };

/** Tells of what is pending. `unheard` is a port whose events so far are nobody's. */
function drain(
  listeners: PortListeners,
  { library, handle, take }: Device,
  when: 'now' | 'soon',
  unheard?: Port,
): void {
  const ports = pending[when];
  let taken: number;
  do {
    taken = take(ports);
    for (let i = 0; i < taken; i++) {
      const which = ports[i] as Port;
      if (which === unheard) library.xenevtchn_unmask(handle, which);
      // Another listener may have closed it.
      else if (!listeners.has(which)) continue;
      else if (when === 'now') listeners.raiseNow(which);
      else listeners.raise(which);
    }
  } while (taken === BATCH);
}
