/**
 * The network backend as a driver domain: behind the vif of each guest lies one of its own, and
 * what comes by one goes out by the other.
 */

import {
  type DriverDomain,
  driverDomainHost,
  runDriverDomain,
} from '../../shared/backend/driver-domain.stubdom.ts';
import { keptJournals } from '../../shared/backend/kept-journals.ts';
import { must, ok, type Result } from '../../shared/core/result.ts';
import { openUplinks } from '../netfront/uplinks.ts';
import { COPIES_MAX, WAITING_PAGES } from './core/limits.ts';
import { createRoom } from './core/vif.ts';
import { serveVifs } from './service.ts';

/** One processor serves them. */
const QUEUES_MAX = 1;

function start({ platform, session, log }: DriverDomain): Result<void> {
  const { events, grants, memory, clock, kernel } = platform;
  const parts = { session, events, grants, log: (line: string): void => log.info(line) };
  const batch = grants.batch(COPIES_MAX);
  if (!batch.ok) return batch;
  const uplinks = openUplinks({ ...parts, domid: kernel.domid });
  serveVifs({
    ...{ ...parts, ...driverDomainHost(clock), self: kernel.domid },
    ...{ queuesMax: QUEUES_MAX, hasScripts: false },
    room: createRoom({
      ...{ batch: batch.value, events },
      // Without it nothing can be served, and who started us starts us again.
      pages: (count) => must(memory.pages(count)),
    }),
    waitingMemory: () => {
      const region = memory.pages(WAITING_PAGES);
      return region.ok ? region.value : undefined;
    },
    freeMemory: memory.unmap,
    openLink: uplinks.take,
    closeLink: uplinks.giveBack,
    ...keptJournals({ ...parts, memory }),
  });
  log.info('serves networks');
  return ok();
}

runDriverDomain(start);
