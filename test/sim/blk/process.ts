/** A process of the simulated dom0, which can die. */

import type { Port } from '../../../shared/core/ids.ts';
import type { Platform } from '../../../shared/platform/platform.ts';
import type { Region } from '../../../shared/platform/region.ts';

/** What a process holds: let go of by the kernel when it dies. */
export function createProcess({ events, grants }: Pick<Platform, 'events' | 'grants'>) {
  const ports = new Set<Port>();
  const mappings = new Set<Region>();
  let isAlive = true;
  const live = <T>(value: T): T => {
    if (!isAlive) throw new Error('a dead process does something');
    return value;
  };
  return {
    events: {
      ...events,
      bindInterdomain: (...args: Parameters<typeof events.bindInterdomain>) => {
        const bound = live(events).bindInterdomain(...args);
        if (bound.ok) ports.add(bound.value);
        return bound;
      },
      close: (port: Port) => {
        ports.delete(port);
        live(events).close(port);
      },
    },
    grants: {
      ...grants,
      map: (...args: Parameters<typeof grants.map>) => {
        const mapped = live(grants).map(...args);
        if (mapped.ok) mappings.add(mapped.value);
        return mapped;
      },
      unmap: (region: Region) => {
        mappings.delete(region);
        live(grants).unmap(region);
      },
    },
    kill: () => {
      isAlive = false;
      for (const port of ports) events.close(port);
      for (const region of mappings) grants.unmap(region);
    },
    isAlive: () => isAlive,
  };
}
