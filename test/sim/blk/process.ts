/** A block backend's process in a domain of the simulated host: what it holds goes with it. */

import type { DeviceHost } from '../../../drivers/blkback/device.ts';
import { type Service, type ServiceHost, serveDisks } from '../../../drivers/blkback/service.ts';
import type { Domid, Port } from '../../../shared/core/ids.ts';
import { ok } from '../../../shared/core/result.ts';
import type { Grants, Offer } from '../../../shared/platform/grants.ts';
import type { Platform } from '../../../shared/platform/platform.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { XenstoreTransport } from '../../../shared/platform/xenstore.ts';
import { openXenstoreSession, type XenstoreSession } from '../../../shared/xenstore/session.ts';
import { regionOf } from './guest.ts';

export interface Process extends Pick<Platform, 'events' | 'grants' | 'clock'> {
  readonly session: XenstoreSession;
  /** As SIGKILL does, or the end of its domain. */
  kill(): void;
  isAlive(): boolean;
}

export function createProcess(
  { events, grants, clock }: Platform,
  connect: () => XenstoreTransport,
): Process {
  const ports = new Set<Port>();
  const mappings = new Set<Region>();
  const offers = new Set<Offer>();
  let isAlive = true;
  const live = <T>(value: T): T => {
    if (!isAlive) throw new Error('a dead process does something');
    return value;
  };
  const bound = (port: ReturnType<typeof events.allocUnbound>) => {
    if (port.ok) ports.add(port.value);
    return port;
  };
  const session = openXenstoreSession({
    ...{ clock, deadlineMs: 5000, connect: async () => ok(connect()) },
  });
  return {
    events: {
      ...events,
      allocUnbound: (remote) => bound(live(events).allocUnbound(remote)),
      bindInterdomain: (remote, port) => bound(live(events).bindInterdomain(remote, port)),
      close: (port) => {
        ports.delete(port);
        live(events).close(port);
      },
    },
    grants: {
      ...grants,
      offer: (...args) => {
        const offer = live(grants).offer(...args);
        if (offer.ok) offers.add(offer.value);
        return offer;
      },
      revoke: (offer) => {
        offers.delete(offer);
        live(grants).revoke(offer);
      },
      map: (...args: Parameters<Grants['map']>) => {
        const mapped = live(grants).map(...args);
        if (mapped.ok) mappings.add(mapped.value);
        return mapped;
      },
      unmap: (region) => {
        mappings.delete(region);
        live(grants).unmap(region);
      },
    },
    clock: {
      ...clock,
      after: (ms, then) => clock.after(ms, () => isAlive && then()),
    },
    session,
    kill: () => {
      isAlive = false;
      session.close();
      for (const port of ports) events.close(port);
      for (const region of mappings) grants.unmap(region);
      for (const offer of offers) grants.revoke(offer);
    },
    isAlive: () => isAlive,
  };
}

/** Journals that outlive a process, as files of the kernel's memory do. */
export function filesOf(journals: Map<string, Region>): DeviceHost['openJournals'] {
  return async (_path, places) =>
    ok(
      places.map(({ name, pages }) => {
        const found = journals.get(name) ?? regionOf(pages);
        journals.set(name, found);
        return found;
      }),
    );
}

/** Serves all disks of a domain. */
export function serveIn(
  process: Process,
  self: Domid,
  disks: Pick<DeviceHost, 'openDisk' | 'closeDisk' | 'openJournals' | 'log'>,
): Service {
  const { session, events, grants, clock } = process;
  const host: ServiceHost = {
    ...{ session, events, grants, clock, self, ...disks },
    rings: { queuesMax: 2, orderMax: 1 },
    uniqueId: () => 0n,
    isGone: () => false,
    isOurs: async () => true,
    soon: (run) => void clock.after(0, run),
  };
  return serveDisks(host);
}
