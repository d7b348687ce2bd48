/** What the hypervisor says about domains and the machine, in the terms of the port. */

import {
  XEN_DOMCTL_get_domain_state,
  XEN_DOMCTL_getdomaininfo,
  XEN_DOMINF_blocked,
  XEN_DOMINF_dying,
  XEN_DOMINF_hap,
  XEN_DOMINF_hvm_guest,
  XEN_DOMINF_paused,
  XEN_DOMINF_running,
  XEN_DOMINF_shutdown,
  XEN_DOMINF_shutdownmask,
  XEN_DOMINF_shutdownshift,
  XEN_DOMINF_xs_domain,
  xenDomctlGetDomainState,
  xenDomctlGetdomaininfo,
} from '../../abi/domctl.ts';
import {
  SHUTDOWN_crash,
  SHUTDOWN_poweroff,
  SHUTDOWN_reboot,
  SHUTDOWN_soft_reset,
  SHUTDOWN_suspend,
  SHUTDOWN_watchdog,
} from '../../abi/sched.ts';
import {
  XEN_SYSCTL_getdomaininfolist,
  XEN_SYSCTL_PHYSCAP_hap,
  XEN_SYSCTL_PHYSCAP_hvm,
  XEN_SYSCTL_physinfo,
  xenSysctlGetdomaininfolist,
  xenSysctlPhysinfo,
} from '../../abi/sysctl.ts';
import { DOMID_FIRST_RESERVED } from '../../abi/xen.ts';
import { DOM0, type Domid, domid } from '../../core/ids.ts';
import { decode, type Fields, type Values } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { DomainInfo, PhysInfo, ShutdownReason } from '../domain-control.ts';
import type { ControlCall, ControlOps } from './control-ops.ts';
import type { Hypercalls } from './hypercalls.ts';

const REASONS: Readonly<Record<number, ShutdownReason>> = {
  [SHUTDOWN_poweroff]: 'poweroff',
  [SHUTDOWN_reboot]: 'reboot',
  [SHUTDOWN_suspend]: 'suspend',
  [SHUTDOWN_crash]: 'crash',
  [SHUTDOWN_watchdog]: 'watchdog',
  [SHUTDOWN_soft_reset]: 'soft_reset',
};

/** A domain's info from its struct. */
export function domainInfo(raw: Values<typeof xenDomctlGetdomaininfo.fields>): DomainInfo {
  const has = (flag: number) => (raw.flags & flag) !== 0;
  const code = (raw.flags >>> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
  return {
    domid: domid(raw.domain),
    uuid: raw.handle,
    dying: has(XEN_DOMINF_dying),
    paused: has(XEN_DOMINF_paused),
    blocked: has(XEN_DOMINF_blocked),
    running: has(XEN_DOMINF_running),
    hvm: has(XEN_DOMINF_hvm_guest),
    hap: has(XEN_DOMINF_hap),
    xsDomain: has(XEN_DOMINF_xs_domain),
    ...(has(XEN_DOMINF_shutdown) ? { shutdown: REASONS[code] ?? { code } } : {}),
    totalPages: Number(raw.totPages),
    maxPages: Number(raw.maxPages),
    outstandingPages: Number(raw.outstandingPages),
    onlineVcpus: raw.nrOnlineVcpus,
    maxVcpuId: raw.maxVcpuId,
    cpuTimeNs: raw.cpuTime,
  };
}

/**
 * From 4.22 on Xen says EPERM of a domain that is not there to all but the control domain, so to a
 * xenstore domain too, which may ask of every domain (do_domctl @ RELEASE-4.22.0). Who may ask of
 * domain 0 does not lack the privilege.
 */
function askOf<F extends Fields>(ops: ControlOps, call: ControlCall<F>, of: Domid): Result<void> {
  const asked = ops.domctl(call, of);
  if (asked.ok || asked.error.errno !== 'EPERM' || of === DOM0) return asked;
  return ops.domctl(call, DOM0).ok ? fail('ESRCH', call.what) : asked;
}

/** Up to 4.17, Xen answers for the next domain if there is none of this domid. */
export function getInfo(ops: ControlOps, of: Domid): Result<DomainInfo> {
  const call = { cmd: XEN_DOMCTL_getdomaininfo, what: `there is no domain ${of}` };
  const asked = askOf(ops, call, of);
  if (!asked.ok) return asked;
  const raw = ops.domctlOutcome(xenDomctlGetdomaininfo);
  return raw.domain === of ? ok(domainInfo(raw)) : fail('ESRCH', call.what);
}

/** Before 4.21 no domctl was stable: its version is refused as any other that is not Xen's. */
export function uniqueId(ops: ControlOps, of: Domid): Result<bigint> {
  const cmd = XEN_DOMCTL_get_domain_state;
  const asked = askOf(ops, { cmd, what: `there is no domain ${of}`, stable: true }, of);
  if (asked.ok) return ok(ops.domctlOutcome(xenDomctlGetDomainState).uniqueId);
  if (asked.error.errno !== 'EACCES') return asked;
  return fail('ENOSYS', 'Xen gives domains unique ids from 4.21 on');
}

const INFO_BYTES = xenDomctlGetdomaininfo.size;

export function listInfo(
  ops: ControlOps,
  { data, dataAddress }: Hypercalls,
  first: number,
  max: number,
): Result<readonly DomainInfo[]> {
  const mostInfos = Math.floor(data.length / INFO_BYTES);
  const found: DomainInfo[] = [];
  let firstDomain = first;
  while (found.length < max && firstDomain < DOMID_FIRST_RESERVED) {
    const maxDomains = Math.min(max - found.length, mostInfos);
    const listed = ops.sysctl({
      cmd: XEN_SYSCTL_getdomaininfolist,
      what: 'cannot list the domains',
      layout: xenSysctlGetdomaininfolist,
      values: { firstDomain, maxDomains, buffer: BigInt(dataAddress) },
    });
    if (!listed.ok) return listed;
    const count = ops.sysctlOutcome(xenSysctlGetdomaininfolist).numDomains;
    for (let i = 0; i < count; i++) {
      found.push(domainInfo(decode(xenDomctlGetdomaininfo, data, i * INFO_BYTES)));
    }
    if (count < maxDomains) break;
    firstDomain = found[found.length - 1]!.domid + 1;
  }
  return ok(found);
}

export function physInfo(ops: ControlOps): Result<PhysInfo> {
  const asked = ops.sysctl({ cmd: XEN_SYSCTL_physinfo, what: 'cannot ask for the memory of Xen' });
  if (!asked.ok) return asked;
  const raw = ops.sysctlOutcome(xenSysctlPhysinfo);
  return ok({
    totalPages: Number(raw.totalPages),
    freePages: Number(raw.freePages),
    scrubPages: Number(raw.scrubPages),
    outstandingPages: Number(raw.outstandingPages),
    cpus: raw.nrCpus,
    cpuKhz: raw.cpuKhz,
    hvm: (raw.capabilities & XEN_SYSCTL_PHYSCAP_hvm) !== 0,
    hap: (raw.capabilities & XEN_SYSCTL_PHYSCAP_hap) !== 0,
  });
}
