/** Shorthands for tests of the simulated host. */

import type { Domid } from '../../core/ids.ts';
import { must } from '../../core/result.ts';
import type { CreateDomain, DomainInfo } from '../domain-control.ts';
import type { Sim } from './sim.ts';

/** The errno of a result, or `ok`. */
export function errno(result: { ok: boolean; error?: { errno: string } }): string {
  return result.error?.errno ?? 'ok';
}

export function info(sim: Sim, domid: Domid): DomainInfo {
  return must(sim.dom0.domainControl.getInfo(domid));
}

export function free(sim: Sim): number {
  return must(sim.dom0.domainControl.physInfo()).freePages;
}

/** A paused domain of one vCPU with few ports and one frame of everything. */
export function smallDomain(sim: Sim, changes: Partial<CreateDomain> = {}): Domid {
  const config = {
    uuid: new Uint8Array(16),
    maxVcpus: 1,
    hap: true,
    maxEvtchnPort: 3,
    maxGrantFrames: 1,
    maxMaptrackFrames: 1,
    ...changes,
  };
  return must(sim.dom0.domainControl.createDomain(config));
}
