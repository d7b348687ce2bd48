/** A process of a simulated domain, which can die. */

import type { Domid, Port } from '../../../shared/core/ids.ts';
import type { Result } from '../../../shared/core/result.ts';
import type { Offer } from '../../../shared/platform/grants.ts';
import type { Platform } from '../../../shared/platform/platform.ts';
import type { Region } from '../../../shared/platform/region.ts';

/** What a process holds: let go of by the kernel when it dies. */
export function createProcess({ events, grants }: Pick<Platform, 'events' | 'grants'>) {
  const ports = new Set<Port>();
  const mappings = new Set<Region>();
  const offers = new Set<Offer>();
  let isAlive = true;
  const live = <T>(value: T): T => {
    if (!isAlive) throw new Error('a dead process does something');
    return value;
  };
  const noted = (bound: Result<Port>): Result<Port> => {
    if (bound.ok) ports.add(bound.value);
    return bound;
  };
  return {
    events: {
      ...events,
      allocUnbound: (remote: Domid) => noted(live(events).allocUnbound(remote)),
      bindInterdomain: (remote: Domid, remotePort: Port) =>
        noted(live(events).bindInterdomain(remote, remotePort)),
      // What is under way may end after its process: there is nothing left to let go of.
      close: (port: Port) => {
        if (isAlive) events.close(port);
        ports.delete(port);
      },
    },
    grants: {
      ...grants,
      offer: (...args: Parameters<typeof grants.offer>) => {
        const offer = live(grants).offer(...args);
        if (offer.ok) offers.add(offer.value);
        return offer;
      },
      revoke: (offer: Offer) => {
        if (isAlive) grants.revoke(offer);
        offers.delete(offer);
      },
      map: (...args: Parameters<typeof grants.map>) => {
        const mapped = live(grants).map(...args);
        if (mapped.ok) mappings.add(mapped.value);
        return mapped;
      },
      unmap: (region: Region) => {
        if (isAlive) grants.unmap(region);
        mappings.delete(region);
      },
    },
    kill: () => {
      isAlive = false;
      // Notices of an unmap hold the port that they raise.
      for (const region of mappings) grants.unmap(region);
      for (const offer of offers) grants.revoke(offer);
      for (const port of ports) events.close(port);
    },
    isAlive: () => isAlive,
  };
}
