/** A block backend's process in a domain of the simulated host: what it holds goes with it. */

import type { DeviceHost } from '../../../drivers/blkback/device.ts';
import {
  type JournalsHost,
  type Service,
  type ServiceHost,
  serveDisks,
} from '../../../drivers/blkback/service.ts';
import { othersJournals } from '../../../shared/backend/journal-places.ts';
import type { Domid } from '../../../shared/core/ids.ts';
import { ok } from '../../../shared/core/result.ts';
import type { Platform } from '../../../shared/platform/platform.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { XenstoreTransport } from '../../../shared/platform/xenstore.ts';
import { openXenstoreSession, type XenstoreSession } from '../../../shared/xenstore/session.ts';
import { regionOf } from './guest.ts';
import { createProcess } from './process.ts';

export interface Process extends Pick<Platform, 'events' | 'grants' | 'clock'> {
  readonly session: XenstoreSession;
  /** As SIGKILL does, or the end of its domain. */
  kill(): void;
}

/** A process with a session of its own, whose timers die with it. */
export function createBackProcess(platform: Platform, connect: () => XenstoreTransport): Process {
  const { clock } = platform;
  const { events, grants, kill, isAlive } = createProcess(platform);
  const session = openXenstoreSession({
    ...{ clock, deadlineMs: 5000, connect: async () => ok(connect()) },
  });
  return {
    ...{ events, grants, session },
    clock: { ...clock, after: (ms, then) => clock.after(ms, () => isAlive() && then()) },
    kill: () => {
      session.close();
      kill();
    },
  };
}

/** Journals that outlive a process, as files of the kernel's memory do. */
export function filesOf(journals: Map<string, Region>): JournalsHost {
  return {
    openJournals: async (_path, places) =>
      ok(
        places.map(({ name, pages }) => {
          const found = journals.get(name) ?? regionOf(pages);
          journals.set(name, found);
          return found;
        }),
      ),
    retainJournals: (paths) => {
      for (const name of othersJournals('vbd', journals.keys(), paths)) journals.delete(name);
    },
  };
}

/** Serves all disks of a domain. */
export function serveIn(
  process: Process,
  self: Domid,
  disks: Pick<DeviceHost, 'openDisk' | 'closeDisk' | 'log'> & JournalsHost,
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
