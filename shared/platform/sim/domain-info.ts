/** What the simulated hypervisor says about itself, its machine and its domains. */

import type { DomainInfo, PhysInfo, XenVersion } from '../domain-control.ts';
import { isRunning, type SimDomain } from './domain.ts';
import type { World } from './world.ts';

const CAPABILITIES = 'xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ';
/** XEN_DOMCTL_INTERFACE_VERSION; that of sysctl is the same in both. */
const DOMCTL = { '4.17': 0x15, '4.20': 0x17 };
const SYSCTL = 0x15;
const CPUS = 2;
const CPU_KHZ = 2_000_000;

export function versionOf(world: World): XenVersion {
  const { xen } = world.options;
  return {
    major: 4,
    minor: xen === '4.17' ? 17 : 20,
    extra: '.0',
    capabilities: CAPABILITIES,
    domctl: DOMCTL[xen],
    sysctl: SYSCTL,
  };
}

export function physInfoOf(world: World): PhysInfo {
  return {
    totalPages: world.memory.total,
    freePages: world.memory.free(),
    scrubPages: 0,
    outstandingPages: 0,
    cpus: CPUS,
    cpuKhz: CPU_KHZ,
    hvm: true,
    hap: world.options.hap,
  };
}

export function infoOf(domain: SimDomain): DomainInfo {
  const runs = isRunning(domain);
  return {
    domid: domain.domid,
    uuid: domain.uuid.slice(),
    dying: domain.life !== 'alive',
    paused: domain.pauses > 0,
    blocked: runs && domain.hvm,
    running: runs && !domain.hvm,
    hvm: domain.hvm,
    hap: domain.hap,
    xsDomain: domain.xenstore,
    ...(domain.shutdown === undefined ? {} : { shutdown: domain.shutdown }),
    totalPages: domain.totalPages,
    maxPages: domain.maxPages,
    outstandingPages: 0,
    onlineVcpus: domain.onlineVcpus,
    maxVcpuId: Math.max(0, domain.vcpus - 1),
    cpuTimeNs: 0n,
  };
}

export function listOf(world: World, first: number, max: number): readonly DomainInfo[] {
  const from = [...world.domains.values()].filter((domain) => domain.domid >= first);
  from.sort((a, b) => a.domid - b.domid);
  return from.slice(0, max).map(infoOf);
}
