/** What the store has to know of the hypervisor: which domains there are, and how they fare. */

import { type Domid, domid, isDomid } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import type { DomainControl, DomainInfo } from '../../shared/platform/domain-control.ts';
import type { DomainStatus } from './core/lifecycle.ts';
import { INFO_BATCH } from './limits.ts';

type Control = Pick<DomainControl, 'getInfo' | 'listInfo'>;

/** All domains of the host, in order. */
export function listDomains(control: Control): Result<readonly DomainInfo[]> {
  const all: DomainInfo[] = [];
  for (let first = 0; isDomid(first); ) {
    const batch = control.listInfo(first, INFO_BATCH);
    if (!batch.ok) return batch;
    all.push(...batch.value);
    const last = batch.value.at(-1);
    if (last === undefined || batch.value.length < INFO_BATCH) break;
    first = last.domid + 1;
  }
  return ok(all);
}

function statusIn({ shutdown, dying }: DomainInfo): DomainStatus {
  return { shutdown: shutdown !== undefined, dying };
}

/** The state of every domain at one time. */
export function statusOf(infos: readonly DomainInfo[]): (domid: number) => DomainStatus {
  const known = new Map(infos.map((info) => [info.domid as number, statusIn(info)]));
  return (domid) => known.get(domid);
}

/**
 * The state of domains asked for one by one: a xenstore domain is not permitted to list them
 * (xsm_sysctl in xsm/dummy.h @ RELEASE-4.17.0). Only who is said not to exist is dead.
 */
export function askedStatus(control: Control): (domid: number) => DomainStatus {
  return (number) => {
    const id = asDomid(number);
    if (id === undefined) return undefined;
    const info = control.getInfo(id);
    if (info.ok) return statusIn(info.value);
    return info.error.errno === 'ESRCH' ? undefined : { shutdown: false, dying: false };
  };
}

export function domainExists(control: Control, number: number): boolean {
  return isDomid(number) && control.getInfo(domid(number)).ok;
}

export function asDomid(number: number): Domid | undefined {
  return isDomid(number) ? domid(number) : undefined;
}
