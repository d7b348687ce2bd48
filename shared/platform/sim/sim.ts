/** A simulated Xen host in one process: the third platform. Same seed, same run. */

import { assert } from '../../core/assert.ts';
import { DOM0, type Domid } from '../../core/ids.ts';
import { prng } from '../../core/prng.ts';
import { must } from '../../core/result.ts';
import type { DomainInfo, MemoryRange } from '../domain-control.ts';
import type { Platform } from '../platform.ts';
import { PAGE_SIZE } from '../region.ts';
import type { SimDomain } from './domain.ts';
import { type Drive, drive } from './drive.ts';
import { type Faults, faultBook } from './faults.ts';
import { growTable } from './grant-table.ts';
import { hostMemory } from './host-memory.ts';
import { type Baseline, leaksSince, takeStock } from './leaks.ts';
import { addDomain, frameUnmapped, shutDown } from './lifecycle.ts';
import { platformOf } from './platform.ts';
import { schedule } from './schedule.ts';
import { trace } from './trace.ts';
import { views } from './views.ts';
import { findDomain, type SimOptions, type World } from './world.ts';

export type { FailPlan, FallibleOp, Faults } from './faults.ts';
export { FALLIBLE } from './faults.ts';
export type { Baseline } from './leaks.ts';
export type { SimOptions } from './world.ts';

/** What only the simulation's owner sees and does of a domain. */
export interface DomainHandle {
  readonly domid: Domid;
  /** Lines that its code wrote to its console port. */
  readonly consoleLines: readonly string[];
  /** The E820 that its toolstack set. */
  readonly memoryMap: readonly MemoryRange[];
  /** As its kernel would: it stops, VIRQ_DOM_EXC tells who listens. */
  shutdown(reason: NonNullable<DomainInfo['shutdown']>): void;
}

export interface Sim extends Drive {
  readonly dom0: Platform;
  /** The ports as that domain sees them. */
  platform(domid: Domid): Platform;
  /** A domain that is there and runs, with `pages` pages from gfn 0 on; 256 if not said. */
  addGuest(pages?: number): Domid;
  domain(domid: Domid): DomainHandle;
  /** From now on that domain gets a global VIRQ, instead of dom0. */
  setVirqHandler(virq: number, domid: Domid): void;
  readonly faults: Faults;
  /** What happened, a line each: `TIME dN PORT.METHOD ARGUMENTS -> RESULT`, and events. */
  readonly trace: readonly string[];
  baseline(): Baseline;
  /** What was not there at `since` (when the simulation began, if not said), one line each. */
  leaks(since?: Baseline): readonly string[];
}

const DEFAULTS = {
  totalPages: 1 << 20,
  dom0Pages: 1 << 16,
  xen: '4.17',
  hap: true,
  ownPages: 1 << 16,
  guest: () => {},
  hostPatienceMs: 2000,
} as const;

export function createSim(options: SimOptions): Sim {
  const world = createWorld({ ...DEFAULTS, ...options });
  const born = takeStock(world);
  const find = (domid: Domid): SimDomain => must(findDomain(world, domid));
  const platform = (domid: Domid): Platform => platformOf(world, find(domid));
  return {
    ...drive(world.schedule, world.options.hostPatienceMs),
    dom0: platform(DOM0),
    platform,
    addGuest: (pages = 256) => addGuest(platform(DOM0), pages, world.options.hap),
    domain(domid) {
      const domain = find(domid);
      return {
        domid,
        consoleLines: domain.consoleLines,
        memoryMap: domain.memoryMap,
        shutdown: (reason) => shutDown(world, domain, reason),
      };
    },
    setVirqHandler: (virq, domid) => world.virqHandlers.set(virq, domid),
    faults: world.faults,
    trace: world.trace.lines,
    baseline: () => takeStock(world),
    leaks: (since = born) => leaksSince(world, since),
  };
}

function createWorld(options: Required<SimOptions>): World {
  const rng = prng(options.seed);
  const memory = hostMemory(options.totalPages);
  const world: World = {
    options,
    rng,
    memory,
    schedule: schedule(rng),
    views: views(),
    trace: trace(),
    faults: faultBook(memory),
    domains: new Map(),
    virqHandlers: new Map(),
    start: (domain) => options.guest(platformOf(world, domain), domain.domid),
    rover: 0,
    made: 0,
  };
  assert(memory.take(options.dom0Pages), 'dom0 has more memory than its host');
  const dom0 = addDomain(world, DOM0, {
    uuid: new Uint8Array(16),
    hvm: false,
    hap: false,
    privileged: true,
    maxVcpus: 2,
    maxEvtchnPort: 4095,
    maxGrantFrames: 64,
    maxMaptrackFrames: 1024,
  });
  dom0.vcpus = dom0.onlineVcpus = dom0.maxVcpus;
  dom0.totalPages = options.dom0Pages;
  dom0.maxPages = options.dom0Pages;
  dom0.started = true;
  must(growTable(world, dom0, dom0.grants.maxFrames, frameUnmapped(world, dom0)));
  return world;
}

/** Done as a toolstack does it, through dom0's ports. */
function addGuest({ domainControl: control }: Platform, pages: number, hap: boolean): Domid {
  const domid = must(
    control.createDomain({
      uuid: new Uint8Array(16),
      maxVcpus: 1,
      hap,
      maxEvtchnPort: 1023,
      maxGrantFrames: 64,
      maxMaptrackFrames: 1024,
    }),
  );
  must(control.maxVcpus(domid, 1));
  must(control.setPagingMempool(domid, 512 * PAGE_SIZE));
  must(control.setMaxMem(domid, pages * 4));
  const gfns = Array.from({ length: pages }, (_, i) => i);
  assert(must(control.populatePhysmap(domid, gfns, 0)) === pages, 'no memory for a guest');
  must(control.unpause(domid));
  return domid;
}
