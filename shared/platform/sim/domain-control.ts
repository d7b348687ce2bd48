/** The port DomainControl of a simulated domain. */

import { HVM_NR_PARAMS } from '../../abi/hvm-params.ts';
import { E820MAX } from '../../abi/memory.ts';
import type { Domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { DomainControl, DomainInfo, PhysInfo, XenVersion } from '../domain-control.ts';
import { isRunning, type SimDomain } from './domain.ts';
import { allocPort } from './event-channels.ts';
import { loadContext, saveContext } from './hvm-context.ts';
import { createDomain, killDomain, VCPU_PAGES } from './lifecycle.ts';
import { populate, setPool } from './populate.ts';
import { resume } from './run-guest.ts';
import { findDomain, type World } from './world.ts';

const HVM_CAPABILITIES = 'xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ';
/** XEN_DOMCTL_INTERFACE_VERSION; that of sysctl is the same in both. */
const DOMCTL = { '4.17': 0x15, '4.20': 0x17 };
const SYSCTL = 0x15;
const CPUS = 2;
const CPU_KHZ = 2_000_000;
/** domain_pause_by_systemcontroller counts no further. */
const MAX_PAUSES = 255;

export function domainControl(world: World, caller: SimDomain): DomainControl {
  /** Runs `call` on a domain, if the caller may. */
  const on = <T>(domid: Domid, call: (domain: SimDomain) => Result<T>): Result<T> => {
    if (!caller.privileged) return fail('EPERM', `domain ${caller.domid} controls nobody`);
    const found = findDomain(world, domid);
    return found.ok ? call(found.value) : found;
  };
  const allowed = <T>(call: () => T): Result<T> => on(caller.domid, () => ok(call()));
  const other = (domain: SimDomain): Result<SimDomain> =>
    domain === caller ? fail('EINVAL', 'a domain cannot do that to itself') : ok(domain);
  const hvm = <T>(domid: Domid, call: (domain: SimDomain) => Result<T>): Result<T> =>
    on(domid, (domain) => (domain.hvm ? call(domain) : fail('EINVAL', `domain ${domid} is PV`)));

  return {
    version: () => allowed(() => versionOf(world)),
    physInfo: () => allowed(() => physInfoOf(world)),
    createDomain: (config) => on(caller.domid, () => createDomain(world, config)),
    destroyDomain: (domid) =>
      on(domid, (domain) => {
        const target = other(domain);
        if (!target.ok) return target;
        killDomain(world, domain);
        return ok();
      }),
    pause: (domid) =>
      on(domid, (domain) => {
        const target = other(domain);
        if (!target.ok) return target;
        if (domain.pauses === MAX_PAUSES) return fail('EINVAL', 'paused too often');
        domain.pauses++;
        return ok();
      }),
    unpause: (domid) => on(domid, (domain) => unpause(world, domain)),
    maxVcpus: (domid, count) =>
      on(domid, (domain) => {
        const target = other(domain);
        if (!target.ok) return target;
        return makeVcpus(world, domain, count);
      }),
    setMaxMem: (domid, kib) =>
      on(domid, (domain) => {
        domain.maxPages = Math.floor(kib / 4);
        return ok();
      }),
    setPagingMempool: (domid, bytes) => on(domid, (domain) => setPool(world, domain, bytes)),
    getInfo: (domid) => on(domid, (domain) => ok(infoOf(domain))),
    listInfo: (first, max) => allowed(() => listOf(world, first, max)),
    populatePhysmap: (domid, gfns, order) =>
      on(domid, (domain) => ok(populate(world, domain, gfns, order))),
    setMemoryMap: (domid, map) =>
      on(domid, (domain) => {
        if (map.length > E820MAX) return fail('EINVAL', `${map.length} ranges`);
        domain.memoryMap = map.map((range) => ({ ...range }));
        return ok();
      }),
    setHvmParam: (domid, index, value) =>
      hvm(domid, (domain) => {
        if (!isParam(index)) return fail('EINVAL', `no HVM parameter ${index}`);
        domain.hvmParams[index] = BigInt.asUintN(64, value);
        return ok();
      }),
    getHvmParam: (domid, index) =>
      hvm(domid, (domain) => {
        if (!isParam(index)) return fail('EINVAL', `no HVM parameter ${index}`);
        return ok(domain.hvmParams[index] ?? 0n);
      }),
    getHvmContext: (domid) =>
      hvm(domid, (domain) => (isAlive(domain) ? ok(saveContext(domain)) : dyingError(domain))),
    setHvmContext: (domid, records) =>
      hvm(domid, (domain) => (isAlive(domain) ? loadContext(domain, records) : dyingError(domain))),
    allocUnbound: (domid, remote) =>
      on(domid, (domain) => {
        if (!isAlive(domain)) return dyingError(domain);
        const made = allocPort(domain, { state: 'unbound', remote });
        return made.ok ? ok(made.value.number) : made;
      }),
  };
}

function isParam(index: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < HVM_NR_PARAMS;
}

function isAlive(domain: SimDomain): boolean {
  return domain.life === 'alive';
}

function dyingError(domain: SimDomain) {
  return fail('EINVAL', `domain ${domain.domid} is dying`);
}

function versionOf(world: World): XenVersion {
  const { xen } = world.options;
  return {
    major: 4,
    minor: xen === '4.17' ? 17 : 20,
    extra: '.0',
    capabilities: HVM_CAPABILITIES,
    domctl: DOMCTL[xen],
    sysctl: SYSCTL,
  };
}

function physInfoOf(world: World): PhysInfo {
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

function unpause(world: World, domain: SimDomain): Result<void> {
  if (domain.pauses === 0) return fail('EINVAL', `domain ${domain.domid} is not paused`);
  domain.pauses--;
  if (domain.pauses === 0) resume(world, domain);
  return ok();
}

/** Only the number that the domain was created for is taken, as in Xen. */
function makeVcpus(world: World, domain: SimDomain, count: number): Result<void> {
  if (count !== domain.maxVcpus) return fail('EINVAL', `${count} vCPUs, not ${domain.maxVcpus}`);
  if (domain.vcpus === count) return ok();
  if (!world.memory.take(count * VCPU_PAGES)) return fail('ENOMEM', 'no memory for vCPUs');
  domain.overheadPages += count * VCPU_PAGES;
  domain.vcpus = count;
  return ok();
}

function infoOf(domain: SimDomain): DomainInfo {
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
    xsDomain: false,
    ...(domain.shutdown === undefined ? {} : { shutdown: domain.shutdown }),
    totalPages: domain.totalPages,
    maxPages: domain.maxPages,
    outstandingPages: 0,
    onlineVcpus: domain.onlineVcpus,
    maxVcpuId: Math.max(0, domain.vcpus - 1),
    cpuTimeNs: 0n,
  };
}

function listOf(world: World, first: number, max: number): readonly DomainInfo[] {
  const from = [...world.domains.values()].filter((domain) => domain.domid >= first);
  from.sort((a, b) => a.domid - b.domid);
  return from.slice(0, max).map(infoOf);
}
