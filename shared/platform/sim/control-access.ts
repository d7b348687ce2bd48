/** Who may control whom: the checks that come before every operation of the port DomainControl. */

import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { SimDomain } from './domain.ts';
import { findDomain, type World } from './world.ts';

type Call<T> = (domain: SimDomain) => Result<T>;

export interface Access {
  readonly self: Domid;
  /** Runs `call` on a domain. EPERM without privilege, ESRCH if there is none. */
  on<T>(domid: Domid, call: Call<T>): Result<T>;
  /** As `on`, but EINVAL for the caller itself. */
  onOther<T>(domid: Domid, call: Call<T>): Result<T>;
  /** As `on`, but EINVAL for a PV domain. */
  onHvm<T>(domid: Domid, call: Call<T>): Result<T>;
  /** What every privileged domain may ask. */
  allowed<T>(call: () => T): Result<T>;
}

export function accessOf(world: World, caller: SimDomain): Access {
  const on = <T>(domid: Domid, call: Call<T>): Result<T> => {
    if (!caller.privileged) return fail('EPERM', `domain ${caller.domid} controls nobody`);
    const found = findDomain(world, domid);
    return found.ok ? call(found.value) : found;
  };
  return {
    self: caller.domid,
    on,
    onOther: (domid, call) =>
      on(domid, (domain) =>
        domain === caller ? fail('EINVAL', 'a domain cannot do that to itself') : call(domain),
      ),
    onHvm: (domid, call) =>
      on(domid, (domain) => (domain.hvm ? call(domain) : fail('EINVAL', `domain ${domid} is PV`))),
    allowed: (call) => on(caller.domid, () => ok(call())),
  };
}

export function isAlive(domain: SimDomain): boolean {
  return domain.life === 'alive';
}

export function dyingError(domain: SimDomain) {
  return fail('EINVAL', `domain ${domain.domid} is dying`);
}
