/** All domains of the host. */

import { ok, type Result } from '../../core/result.ts';
import type { DomainControl, DomainInfo } from '../../platform/domain-control.ts';

/** Domains that one call asks for. */
const BATCH = 256;

export function listDomains(control: DomainControl): Result<readonly DomainInfo[]> {
  const all: DomainInfo[] = [];
  for (;;) {
    const last = all.at(-1);
    const some = control.listInfo(last === undefined ? 0 : last.domid + 1, BATCH);
    if (!some.ok) return some;
    all.push(...some.value);
    if (some.value.length < BATCH) return ok(all);
  }
}
