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

/** The state of every domain at one time. */
export function statusOf(infos: readonly DomainInfo[]): (domid: number) => DomainStatus {
  const known = new Map<number, DomainStatus>(
    infos.map(({ domid, shutdown, dying }) => [domid, { shutdown: shutdown !== undefined, dying }]),
  );
  return (domid) => known.get(domid);
}

export function domainExists(control: Control, number: number): boolean {
  return isDomid(number) && control.getInfo(domid(number)).ok;
}

export function asDomid(number: number): Domid | undefined {
  return isDomid(number) ? domid(number) : undefined;
}
