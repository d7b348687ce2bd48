/** The store's questions to the hypervisor and its rings, answered. */

import type { Port } from '../../shared/core/ids.ts';
import { port as portOf } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { DomainControl } from '../../shared/platform/domain-control.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Grants } from '../../shared/platform/grants.ts';
import type { HostCommand, StoreHost } from './core/host.ts';
import { asDomid, domainExists } from './domains.ts';
import { XENSTORE_GREF } from './limits.ts';
import type { RingParts } from './ring.ts';
import type { Rings } from './rings.ts';

/** The hypervisor's ports. */
export interface XenPorts {
  readonly events: Events;
  readonly grants: Grants;
  readonly domainControl: Pick<DomainControl, 'getInfo' | 'listInfo' | 'getHvmParam'>;
}

export interface XenHostOptions {
  nowMs(): number;
  /** Undefined: there is always room. */
  readonly hasRoom: ((bytes?: number) => boolean) | undefined;
  readonly xen: XenPorts | undefined;
  /** Looked up at each call: rings need the store, which needs this. */
  rings(): Rings | undefined;
  report(line: string): void;
  control(command: HostCommand): Result<void>;
}

function bind(xen: XenPorts, domid: number, port: number): Result<Port> {
  const remote = asDomid(domid);
  if (remote === undefined) return fail('EINVAL', `domain ${domid}`);
  return xen.events.bindInterdomain(remote, portOf(port));
}

/**
 * Maps the page that a toolstack granted, and binds the domain's port; nothing stays if it fails.
 */
function openRing(xen: XenPorts, domid: number, port: number): Result<RingParts> {
  const owner = asDomid(domid);
  if (owner === undefined) return fail('EINVAL', `domain ${domid}`);
  const page = xen.grants.map(owner, [XENSTORE_GREF], 'rw');
  if (!page.ok) return page;
  const unmap = (): void => xen.grants.unmap(page.value);
  const bound = bind(xen, domid, port);
  if (bound.ok) return ok({ region: page.value, port: bound.value, unmap });
  unmap();
  return bound;
}

export function createXenHost(options: XenHostOptions): StoreHost {
  const { nowMs, xen, rings, report, control, hasRoom } = options;
  return {
    nowMs,
    ...(hasRoom && { hasRoom }),
    domainExists: (domid) =>
      xen === undefined ? domid === 0 : domainExists(xen.domainControl, domid),
    introduce: (connection, port) => {
      if (xen === undefined) return fail('EINVAL', 'there is no hypervisor');
      const parts = openRing(xen, connection.domid, port);
      if (!parts.ok) {
        report(`domain ${connection.domid}: not introduced: ${parts.error.what}`);
        return parts;
      }
      rings()?.add(connection, parts.value, true);
      return ok();
    },
    reintroduce: (connection, port) => {
      if (xen === undefined) return;
      rings()?.rebind(connection, () => {
        const bound = bind(xen, connection.domid, port);
        return bound.ok ? bound.value : undefined;
      });
    },
    released: (connection) => rings()?.remove(connection),
    report,
    control,
  };
}
