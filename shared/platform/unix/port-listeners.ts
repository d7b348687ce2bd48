/** Who listens to which open port. */

import { assert } from '../../core/assert.ts';
import type { Port } from '../../core/ids.ts';

interface Listener {
  readonly heard: () => void;
  readonly closed: (() => void) | undefined;
}

interface Open {
  /** Events came that nobody has heard of. */
  missed: boolean;
  listener: Listener | undefined;
}

export class PortListeners {
  readonly #ports = new Map<Port, Open>();
  readonly #onListening: (somebody: boolean) => void;
  #listening = 0;

  /** `onListening` hears when the first listener comes and when the last one is gone. */
  constructor(onListening: (somebody: boolean) => void) {
    this.#onListening = onListening;
  }

  add(port: Port): void {
    assert(!this.#ports.has(port), `port ${port} is bound twice`);
    this.#ports.set(port, { missed: false, listener: undefined });
  }

  has(port: Port): boolean {
    return this.#ports.has(port);
  }

  all(): readonly Port[] {
    return [...this.#ports.keys()];
  }

  /** Asserts that the port is open: using one that is closed is a bug. */
  known(port: Port): Open {
    const open = this.#ports.get(port);
    assert(open !== undefined, `port ${port} is not open`);
    return open;
  }

  /** An event, of which the listener is told soon. */
  raise(port: Port): void {
    const open = this.known(port);
    if (open.listener === undefined) open.missed = true;
    else tell(open, open.listener);
  }

  /** The same from the event loop, where nobody is in the midst of anything: it is told now. */
  raiseNow(port: Port): void {
    const open = this.known(port);
    if (open.listener === undefined) open.missed = true;
    else open.listener.heard();
  }

  /** Forgets the port, and tells its listener of that soon. */
  remove(port: Port): void {
    const open = this.known(port);
    this.#ports.delete(port);
    const { listener } = open;
    if (listener === undefined) return;
    open.listener = undefined;
    this.#listening--;
    if (this.#listening === 0) this.#onListening(false);
    if (listener.closed !== undefined) queueMicrotask(listener.closed);
  }

  listen(port: Port, heard: () => void, closed?: () => void): void {
    const open = this.known(port);
    assert(open.listener === undefined, `port ${port} has a listener already`);
    open.listener = { heard, closed };
    this.#listening++;
    if (this.#listening === 1) this.#onListening(true);
    if (open.missed) tell(open, open.listener);
  }
}

/** In a turn of its own: what it throws is its own, and ports may be closed meanwhile. */
function tell(open: Open, listener: Listener): void {
  queueMicrotask(() => {
    if (open.listener === listener) listener.heard();
  });
}
