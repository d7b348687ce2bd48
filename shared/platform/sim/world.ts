/** All state of one simulation. */

import type { Domid } from '../../core/ids.ts';
import type { Prng } from '../../core/prng.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Platform } from '../platform.ts';
import type { SimDomain } from './domain.ts';
import type { FaultBook } from './faults.ts';
import type { HostMemory } from './host-memory.ts';
import type { Schedule } from './schedule.ts';
import type { Trace } from './trace.ts';
import type { Views } from './views.ts';

export interface SimOptions {
  readonly seed: number;
  /** The host's memory; 4 GiB. */
  readonly totalPages?: number;
  /** dom0's memory; 256 MiB. */
  readonly dom0Pages?: number;
  readonly xen?: '4.17' | '4.20' | '4.22';
  /** Hardware assisted paging. */
  readonly hap?: boolean;
  /** Most pages that a domain can have for itself (Memory.pages, Grants.offer). */
  readonly ownPages?: number;
  /** What a new domain does when it first runs: its own code, on its own platform. */
  readonly guest?: (platform: Platform, domid: Domid) => void;
  /** How long Sim.run lets a promise wait for the host itself (a file, a child process). */
  readonly hostPatienceMs?: number;
}

export interface World {
  readonly options: Required<SimOptions>;
  readonly rng: Prng;
  readonly schedule: Schedule;
  readonly memory: HostMemory;
  readonly views: Views;
  readonly trace: Trace;
  readonly faults: FaultBook;
  readonly domains: Map<number, SimDomain>;
  /** Who gets a global VIRQ; dom0 where it is not said. */
  readonly virqHandlers: Map<number, Domid>;
  /** Starts a domain's own code. */
  readonly start: (domain: SimDomain) => void;
  /** The domid given last. */
  rover: number;
  /** How many domains there have been. */
  made: number;
}

export function note(world: World, line: string): void {
  world.trace.add(world.schedule.nowNs(), line);
}

export function findDomain(world: World, domid: number): Result<SimDomain> {
  const found = world.domains.get(domid);
  return found ? ok(found) : fail('ESRCH', `no domain ${domid}`);
}
