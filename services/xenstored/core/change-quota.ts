/** Quotas that change while the store runs: everybody's, or one domain's. */

import type { Domain } from './domain.ts';
import { limitsOf, type Quotas } from './quota.ts';
import type { State } from './state.ts';

/** Sets a quota of `domain`, or of all that have none of their own, and what follows from it. */
export function changeQuota(
  state: State,
  domain: Domain | undefined,
  key: keyof Quotas,
  value: number,
): void {
  const { quotas, domains } = state;
  if (domain === undefined) {
    quotas[key] = value;
    state.limits = limitsOf(quotas);
    for (const each of domains.values()) each.limits = limitsOf(quotas, each.ownQuotas);
  } else {
    domain.ownQuotas[key] = value;
    domain.limits = limitsOf(quotas, domain.ownQuotas);
  }
}
