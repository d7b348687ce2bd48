/** Port: event channels of the domain we run in (event_channel.h @ RELEASE-4.17.0). */

import type { Domid, Port } from '../core/ids.ts';
import type { Result } from '../core/result.ts';

export interface Events {
  /** A new port of ours that `remote` may bind to. ENOSPC when no port is free. */
  allocUnbound(remote: Domid): Result<Port>;
  /** Binds a new port of ours to `remotePort` of `remote`. EINVAL if it is not offered to us. */
  bindInterdomain(remote: Domid, remotePort: Port): Result<Port>;
  /**
   * Binds a new port of ours to a global VIRQ. EEXIST if we have it already; from Xen 4.21 on EBUSY
   * unless it goes to us (DomainControl.setVirqHandler).
   */
  bindVirq(virq: number): Result<Port>;
  /** Raises the event at the other end. A peer that is gone is not an error. */
  notify(port: Port): void;
  /** Lets the port deliver again: called after its event was handled, before sleeping. */
  unmask(port: Port): void;
  /** Frees the port. Closing twice is a bug. */
  close(port: Port): void;
  /**
   * Calls `heard` at each event of the port from now on, and soon if there were any since it was
   * bound; a port delivers again once it is unmasked. When the port is closed it calls `closed`,
   * soon, and neither again. A port has one listener: a second one is a bug.
   */
  listen(port: Port, heard: () => void, closed?: () => void): void;
}
