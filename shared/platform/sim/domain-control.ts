/** The port DomainControl of a simulated domain. */

import { E820MAX } from '../../abi/memory.ts';
import { NR_VIRQS } from '../../abi/xen.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { DomainControl } from '../domain-control.ts';
import { type Access, accessOf, dyingError, isAlive } from './control-access.ts';
import type { SimDomain } from './domain.ts';
import { infoOf, listOf, physInfoOf, uniqueIdOf, versionOf } from './domain-info.ts';
import { allocPort, setVirqHandler } from './event-channels.ts';
import { hvmControl } from './hvm-control.ts';
import { createDomain, killDomain, VCPU_PAGES } from './lifecycle.ts';
import { populate, setPool } from './populate.ts';
import { resume } from './run-guest.ts';
import type { World } from './world.ts';

type Part<K extends keyof DomainControl> = Pick<DomainControl, K>;

/** domain_pause_by_systemcontroller counts no further. */
const MAX_PAUSES = 255;

export function domainControl(world: World, caller: SimDomain): DomainControl {
  const access = accessOf(world, caller);
  return {
    ...information(world, access),
    ...life(world, access),
    ...resources(world, access),
    ...hvmControl(access),
  };
}

function information(
  world: World,
  { allowed, on }: Access,
): Part<'version' | 'physInfo' | 'getInfo' | 'uniqueId' | 'listInfo'> {
  return {
    version: () => allowed(() => versionOf(world)),
    physInfo: () => allowed(() => physInfoOf(world)),
    getInfo: (domid) => on(domid, (domain) => ok(infoOf(domain))),
    uniqueId: (domid) => on(domid, (domain) => uniqueIdOf(world, domain)),
    listInfo: (first, max) => allowed(() => listOf(world, first, max)),
  };
}

function life(
  world: World,
  { self, on, onOther }: Access,
): Part<'createDomain' | 'setUuid' | 'destroyDomain' | 'pause' | 'unpause'> {
  return {
    createDomain: (config) => on(self, () => createDomain(world, config)),
    setUuid: (domid, uuid) =>
      on(domid, (domain) => {
        domain.uuid = uuid.slice();
        return ok();
      }),
    destroyDomain: (domid) =>
      onOther(domid, (domain) => {
        killDomain(world, domain);
        return ok();
      }),
    pause: (domid) =>
      onOther(domid, (domain) => {
        if (domain.pauses === MAX_PAUSES) return fail('EINVAL', 'paused too often');
        domain.pauses++;
        return ok();
      }),
    unpause: (domid) =>
      on(domid, (domain) => {
        if (domain.pauses === 0) return fail('EINVAL', `domain ${domid} is not paused`);
        domain.pauses--;
        if (domain.pauses === 0) resume(world, domain);
        return ok();
      }),
  };
}

function resources(
  world: World,
  { on, onOther }: Access,
): Part<
  | 'maxVcpus'
  | 'setMaxMem'
  | 'setPagingMempool'
  | 'populatePhysmap'
  | 'setMemoryMap'
  | 'allocUnbound'
  | 'setVirqHandler'
> {
  return {
    maxVcpus: (domid, count) => onOther(domid, (domain) => makeVcpus(world, domain, count)),
    setMaxMem: (domid, kib) =>
      on(domid, (domain) => {
        domain.maxPages = Math.floor(kib / 4);
        return ok();
      }),
    setPagingMempool: (domid, bytes) => on(domid, (domain) => setPool(world, domain, bytes)),
    populatePhysmap: (domid, gfns, order) =>
      on(domid, (domain) => ok(populate(world, domain, gfns, order))),
    setMemoryMap: (domid, map) =>
      on(domid, (domain) => {
        if (map.length > E820MAX) return fail('EINVAL', `${map.length} ranges`);
        domain.memoryMap = map.map((range) => ({ ...range }));
        return ok();
      }),
    allocUnbound: (domid, remote) =>
      on(domid, (domain) => {
        if (!isAlive(domain)) return dyingError(domain);
        const made = allocPort(domain, { state: 'unbound', remote });
        return made.ok ? ok(made.value.number) : made;
      }),
    setVirqHandler: (domid, virq) =>
      on(domid, (domain) => {
        if (virq < 0 || virq >= NR_VIRQS) return fail('EINVAL', `no virq ${virq}`);
        return setVirqHandler(world, domain, virq);
      }),
  };
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
