/** The life of domains: made, shut down, killed, and gone once nobody maps their pages. */

import { VIRQ_DOM_EXC } from '../../abi/xen.ts';
import { assert } from '../../core/assert.ts';
import { DOMID_FIRST_RESERVED, type Domid, domid } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { CreateDomain, DomainInfo } from '../domain-control.ts';
import type { SimDomain } from './domain.ts';
import { closePort, portTable, raiseVirq } from './event-channels.ts';
import type { Frame } from './frame.ts';
import { grantTable, growTable } from './grant-table.ts';
import { OWN_FIRST, physmap } from './physmap.ts';
import { closeRegion } from './regions.ts';
import { note, type World } from './world.ts';

/** domain_create and hap_enable of Xen: structures of its own, and a first pool for paging. */
const DOMAIN_PAGES = 4;
export const VCPU_PAGES = 2;
const FIRST_POOL_PAGES = 256;

/** Limits of Xen's command line, as they are by default. */
const MAX_VCPUS = 128;
const MAX_GRANT_FRAMES = 64;
const MAX_MAPTRACK_FRAMES = 1024;
const MAX_EVTCHN_PORT = 131_071;

export interface Shape extends CreateDomain {
  readonly hvm: boolean;
  readonly privileged: boolean;
}

/** Checks a configuration as Xen does. */
function refusal(world: World, config: CreateDomain): string | undefined {
  if (config.uuid.length !== 16) return `a uuid of ${config.uuid.length} bytes`;
  if (config.maxVcpus < 1 || config.maxVcpus > MAX_VCPUS) return `${config.maxVcpus} vCPUs`;
  if (config.hap && !world.options.hap) return 'no hardware assisted paging here';
  const { maxGrantFrames, maxMaptrackFrames } = config;
  if (maxGrantFrames < 1 || maxGrantFrames > MAX_GRANT_FRAMES) return `${maxGrantFrames} frames`;
  if (maxMaptrackFrames > MAX_MAPTRACK_FRAMES) return `${maxMaptrackFrames} maptrack frames`;
  return undefined;
}

export function createDomain(world: World, config: CreateDomain): Result<Domid> {
  const why = refusal(world, config);
  if (why !== undefined) return fail('EINVAL', `the domain is refused: ${why}`);
  if (config.domid !== undefined && world.domains.has(config.domid)) {
    return fail('EEXIST', `there is a domain ${config.domid}`);
  }
  const overhead = DOMAIN_PAGES + FIRST_POOL_PAGES;
  if (!world.memory.take(overhead)) return fail('ENOMEM', 'no memory for a domain');
  const made = addDomain(world, config.domid ?? nextDomid(world), {
    ...config,
    hvm: true,
    privileged: false,
  });
  made.overheadPages = DOMAIN_PAGES;
  made.poolPages = FIRST_POOL_PAGES;
  made.pauses = 1;
  const grown = growTable(world, made, 1, frameUnmapped(world, made));
  if (grown.ok) return ok(made.domid);
  forget(world, made);
  return grown;
}

function nextDomid(world: World): Domid {
  do {
    world.rover = world.rover + 1 === DOMID_FIRST_RESERVED ? 1 : world.rover + 1;
  } while (world.domains.has(world.rover));
  return domid(world.rover);
}

export function addDomain(world: World, id: Domid, shape: Shape): SimDomain {
  const unmapped = (one: Frame) => frameUnmapped(world, made)(one);
  const made: SimDomain = {
    domid: id,
    made: ++world.made,
    uuid: shape.uuid.slice(),
    hvm: shape.hvm,
    hap: shape.hap,
    privileged: shape.privileged,
    xenstore: shape.xenstore === true,
    physmap: physmap(unmapped),
    ports: portTable(Math.min(shape.maxEvtchnPort, MAX_EVTCHN_PORT)),
    grants: grantTable(shape.maxGrantFrames, shape.maxMaptrackFrames),
    held: new Map(),
    ownPages: 0,
    timers: 0,
    maxVcpus: shape.maxVcpus,
    vcpus: 0,
    onlineVcpus: 0,
    totalPages: 0,
    maxPages: 0,
    overheadPages: 0,
    poolPages: 0,
    hvmParams: [],
    records: new Map(),
    memoryMap: [],
    pauses: 0,
    started: false,
    shutdown: undefined,
    life: 'alive',
    lingering: new Map(),
    postponed: new Set(),
    consoleLines: [],
  };
  world.domains.set(id, made);
  return made;
}

/** The domain's own end, or what its kernel asks for: it stops, and its toolstack hears of it. */
export function shutDown(
  world: World,
  domain: SimDomain,
  reason: NonNullable<DomainInfo['shutdown']>,
): void {
  assert(domain.life === 'alive' && domain.shutdown === undefined, 'it has shut down already');
  domain.shutdown = reason;
  note(world, `d${domain.domid} shutdown ${typeof reason === 'string' ? reason : reason.code}`);
  raiseVirq(world, VIRQ_DOM_EXC);
}

/** Ends a domain. What others map of it stays until they let go, and so does the (dying) domain. */
export function killDomain(world: World, domain: SimDomain): void {
  if (domain.life !== 'alive') return;
  domain.life = 'dying';
  note(world, `d${domain.domid} dying`);
  domain.postponed.clear();
  for (const local of [...domain.ports.open.values()]) {
    local.listener = undefined; // Its code does not run any more.
    closePort(domain, local);
  }
  for (const [region, { kind }] of [...domain.held]) closeRegion(world, domain, region, kind);
  const { lingering } = domain;
  for (const [gfn, one] of domain.physmap.frames()) {
    if (one.mapped > 0) lingering.set(one, gfn < OWN_FIRST ? 1 : 0);
  }
  for (const one of domain.grants.frames) if (one.mapped > 0) lingering.set(one, 0);
  const kept = [...lingering.values()].reduce((sum, pages) => sum + pages, 0);
  world.memory.give(domain.totalPages - kept);
  domain.totalPages = kept;
  raiseVirq(world, VIRQ_DOM_EXC);
  if (lingering.size === 0) forget(world, domain);
}

/** What a domain's frames tell: the last page that lets go of a dying domain ends it. */
export function frameUnmapped(world: World, domain: SimDomain): (one: Frame) => void {
  return (one) => {
    const pages = domain.lingering.get(one);
    if (pages === undefined) return;
    domain.lingering.delete(one);
    domain.totalPages -= pages;
    world.memory.give(pages);
    if (domain.lingering.size > 0) return;
    forget(world, domain);
    raiseVirq(world, VIRQ_DOM_EXC);
  };
}

function forget(world: World, domain: SimDomain): void {
  world.memory.give(domain.totalPages + domain.overheadPages + domain.poolPages);
  domain.life = 'gone';
  world.domains.delete(domain.domid);
  note(world, `d${domain.domid} gone`);
}
