/** What the simulated hypervisor says about itself, its machine and its domains. */

import { fail, ok, type Result } from '../../core/result.ts';
import type { DomainInfo, PhysInfo, XenVersion } from '../domain-control.ts';
import { isRunning, type SimDomain } from './domain.ts';
import type { World } from './world.ts';

const CAPABILITIES = 'xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ';
/** Minor versions; XEN_DOMCTL_INTERFACE_VERSION and XEN_SYSCTL_INTERFACE_VERSION. */
const VERSIONS = {
  '4.17': { minor: 17, domctl: 0x15, sysctl: 0x15 },
  '4.20': { minor: 20, domctl: 0x17, sysctl: 0x15 },
  '4.22': { minor: 22, domctl: 0x18, sysctl: 0x16 },
};
const CPUS = 2;
const CPU_KHZ = 2_000_000;

export function versionOf(world: World): XenVersion {
  const known = VERSIONS[world.options.xen];
  return { major: 4, extra: '.0', capabilities: CAPABILITIES, ...known };
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

export function uniqueIdOf(world: World, domain: SimDomain): Result<bigint> {
  const { minor } = VERSIONS[world.options.xen];
  return minor < 21 ? fail('ENOSYS', 'no unique ids before 4.21') : ok(BigInt(domain.made));
}

export function listOf(world: World, first: number, max: number): readonly DomainInfo[] {
  const from = [...world.domains.values()].filter((domain) => domain.domid >= first);
  from.sort((a, b) => a.domid - b.domid);
  return from.slice(0, max).map(infoOf);
}
