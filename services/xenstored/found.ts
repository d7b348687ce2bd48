/**
 * Domains that run already when the daemon starts: after a crash of an earlier one, or built by the
 * hypervisor itself. Their rings are found without INTRODUCE.
 */

import { HVM_PARAM_STORE_EVTCHN } from '../../shared/abi/hvm-params.ts';
import { DOM0, type Port, port } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { DomainControl, DomainInfo } from '../../shared/platform/domain-control.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Grants } from '../../shared/platform/grants.ts';
import type { Region } from '../../shared/platform/region.ts';
import { XENSTORE_GREF } from './limits.ts';
import type { RingParts } from './ring.ts';

/**
 * `evtchn_port` of the page, which Xen fills in for domains it built (io/xs_wire.h @
 * RELEASE-4.22.0).
 */
const EVTCHN_PORT_WORD = 2076 / 4;

export interface FinderHost {
  readonly domainControl: Pick<DomainControl, 'getHvmParam'>;
  readonly grants: Grants;
  readonly events: Events;
}

/** The domain's own port: the page says it, or, of an HVM or PVH domain, its parameters. */
function remotePort(host: FinderHost, info: DomainInfo, page: Region): Result<Port> {
  const named = (page.words[EVTCHN_PORT_WORD] as number) >>> 0;
  if (named > 0) return ok(port(named));
  if (!info.hvm) return fail('ENOENT', `domain ${info.domid} does not say its xenstore port`);
  const param = host.domainControl.getHvmParam(info.domid, HVM_PARAM_STORE_EVTCHN);
  if (!param.ok) return param;
  const number = Number(param.value);
  if (number > 0 && number <= 0xffffffff) return ok(port(number));
  return fail('ENOENT', `domain ${info.domid} has no xenstore port`);
}

/**
 * The ring of a domain that was there before the daemon. Errors: it has none, or another serves it.
 */
export function findRing(host: FinderHost, info: DomainInfo): Result<RingParts> {
  const { grants, events } = host;
  if (info.domid === DOM0 || info.dying) return fail('EINVAL', `domain ${info.domid}`);
  const page = grants.map(info.domid, [XENSTORE_GREF], 'rw');
  if (!page.ok) return page;
  const remote = remotePort(host, info, page.value);
  const bound = remote.ok ? events.bindInterdomain(info.domid, remote.value) : remote;
  if (!bound.ok) {
    grants.unmap(page.value);
    return bound;
  }
  return ok({
    region: page.value,
    port: bound.value,
    unmap: () => grants.unmap(page.value),
  });
}
