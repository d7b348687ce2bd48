/** What the simulated hypervisor keeps of a domain. */

import type { Domid } from '../../core/ids.ts';
import type { DomainInfo, MemoryRange } from '../domain-control.ts';
import type { Region } from '../region.ts';
import type { PortTable } from './event-channels.ts';
import type { Frame } from './frame.ts';
import type { GrantTable } from './grant-table.ts';
import type { Physmap } from './physmap.ts';
import type { Held } from './regions.ts';

export interface SimDomain {
  readonly domid: Domid;
  /** How many domains were made before, and this one. */
  readonly made: number;
  uuid: Uint8Array;
  /** dom0 is PV; what a toolstack creates is PVH. */
  readonly hvm: boolean;
  readonly hap: boolean;
  /** May control other domains. */
  readonly privileged: boolean;
  /** A domain for xenstore. */
  readonly xenstore: boolean;

  readonly physmap: Physmap;
  readonly ports: PortTable;
  readonly grants: GrantTable;
  /** What the domain maps, and the pages that it made for itself. */
  readonly held: Map<Region, Held>;
  ownPages: number;
  timers: number;

  readonly maxVcpus: number;
  vcpus: number;
  onlineVcpus: number;
  /** Pages populated, and how many there may be. */
  totalPages: number;
  maxPages: number;
  /** Pages that the hypervisor spends on the domain, without its paging structures' pool. */
  overheadPages: number;
  poolPages: number;

  readonly hvmParams: bigint[];
  readonly records: Map<string, Uint8Array>;
  memoryMap: readonly MemoryRange[];

  pauses: number;
  started: boolean;
  shutdown: DomainInfo['shutdown'];
  life: 'alive' | 'dying' | 'gone';
  /** Frames of a dying domain that others still map; the pages that each counts for, 1 or 0. */
  readonly lingering: Map<Frame, number>;
  /** What waits for the domain to run again. */
  readonly postponed: Set<() => void>;
  readonly consoleLines: string[];
}

export function isRunning(domain: SimDomain): boolean {
  return domain.life === 'alive' && domain.pauses === 0 && domain.shutdown === undefined;
}

/** Does it now, when the domain runs again, or never; the returned function takes that back. */
export function whenRunning(domain: SimDomain, run: () => void): () => void {
  if (isRunning(domain)) run();
  else if (domain.life === 'alive') {
    const postponed = () => run();
    domain.postponed.add(postponed);
    return () => {
      domain.postponed.delete(postponed);
    };
  }
  return () => {};
}
