/** Event channels as the hypervisor keeps them: ports, who they lead to, and their delivery. */

import { assert } from '../../core/assert.ts';
import { DOM0, type Domid, type Port, port } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { type SimDomain, whenRunning } from './domain.ts';
import { findDomain, note, type World } from './world.ts';

type Channel =
  | { readonly state: 'unbound'; readonly remote: Domid }
  | { readonly state: 'interdomain'; readonly remote: SimDomain; readonly remotePort: SimPort }
  | { readonly state: 'virq'; readonly virq: number };

export interface Listener {
  readonly heard: () => void;
  readonly closed: (() => void) | undefined;
}

export interface SimPort {
  readonly number: Port;
  channel: Channel;
  pending: boolean;
  /** Set by each delivery, until the domain unmasks the port. */
  masked: boolean;
  open: boolean;
  count: number;
  /** Events came that nobody has heard of. */
  missed: boolean;
  listener: Listener | undefined;
}

export interface PortTable {
  readonly open: Map<number, SimPort>;
  /** Highest port. Port 0 is never given out. */
  readonly last: number;
}

export function portTable(last: number): PortTable {
  return { open: new Map(), last };
}

/** Delivery takes 1 to 20 us. */
const LATENCY_NS = 1000;
const JITTER_NS = 19_000;

export function allocPort(domain: SimDomain, channel: Channel): Result<SimPort> {
  const { open, last } = domain.ports;
  for (let number = 1; number <= last; number++) {
    if (open.has(number)) continue;
    const made: SimPort = {
      number: port(number),
      channel,
      pending: false,
      masked: false,
      open: true,
      count: 0,
      missed: false,
      listener: undefined,
    };
    open.set(number, made);
    return ok(made);
  }
  return fail('ENOSPC', `domain ${domain.domid} has no port left of ${last}`);
}

export function bindPort(
  world: World,
  domain: SimDomain,
  remote: Domid,
  remotePort: Port,
): Result<SimPort> {
  const found = findDomain(world, remote);
  if (!found.ok) return found;
  const theirs = found.value.ports.open.get(remotePort);
  if (theirs?.channel.state !== 'unbound' || theirs.channel.remote !== domain.domid) {
    return fail('EINVAL', `port ${remotePort} of domain ${remote} is not offered to us`);
  }
  const ours = allocPort(domain, {
    state: 'interdomain',
    remote: found.value,
    remotePort: theirs,
  });
  if (ours.ok) theirs.channel = { state: 'interdomain', remote: domain, remotePort: ours.value };
  return ours;
}

function hasVirq(domain: SimDomain, virq: number): boolean {
  return [...domain.ports.open.values()].some(
    ({ channel }) => channel.state === 'virq' && channel.virq === virq,
  );
}

/** A handler that is gone gives its VIRQ back (clear_global_virq_handlers @ RELEASE-4.17.0). */
function virqHandler(world: World, virq: number): SimDomain | undefined {
  const { domains, virqHandlers } = world;
  return domains.get(virqHandlers.get(virq) ?? DOM0) ?? domains.get(DOM0);
}

/** From 4.21 on, only who handles a virq can bind it, and nobody else while he has it bound. */
function isExclusive(world: World): boolean {
  return world.options.xen === '4.22';
}

export function bindVirq(world: World, domain: SimDomain, virq: number): Result<SimPort> {
  if (isExclusive(world) && virqHandler(world, virq) !== domain) {
    return fail('EBUSY', `another domain than ${domain.domid} handles virq ${virq}`);
  }
  if (hasVirq(domain, virq)) {
    return fail('EEXIST', `domain ${domain.domid} has virq ${virq} already`);
  }
  return allocPort(domain, { state: 'virq', virq });
}

export function setVirqHandler(world: World, domain: SimDomain, virq: number): Result<void> {
  const now = virqHandler(world, virq);
  if (isExclusive(world) && now !== domain && now !== undefined && hasVirq(now, virq)) {
    return fail('EBUSY', `domain ${now.domid} has virq ${virq} bound`);
  }
  world.virqHandlers.set(virq, domain.domid);
  return ok();
}

/** Frees a port. The other end stays, unbound and offered to this domain, as in Xen. */
export function closePort(domain: SimDomain, local: SimPort): void {
  assert(local.open, `port ${local.number} of domain ${domain.domid} is closed already`);
  local.open = false;
  domain.ports.open.delete(local.number);
  if (local.channel.state === 'interdomain') {
    local.channel.remotePort.channel = { state: 'unbound', remote: domain.domid };
  }
  const { listener } = local;
  local.listener = undefined;
  if (listener?.closed !== undefined) void Promise.resolve().then(listener.closed);
}

/** The one listener of a port, which hears of events in a turn of its own. */
export function listenAt(local: SimPort, heard: () => void, closed?: () => void): void {
  assert(local.listener === undefined, `port ${local.number} has a listener already`);
  local.listener = { heard, closed };
  if (local.missed) tellListener(local, local.listener);
}

function tellListener(local: SimPort, listener: Listener): void {
  void Promise.resolve().then(() => {
    if (local.listener === listener) listener.heard();
  });
}

/** Raises the event at the other end of `local`. */
export function notifyPeer(world: World, local: SimPort): void {
  if (local.channel.state === 'interdomain') {
    raise(world, local.channel.remote, local.channel.remotePort);
  }
}

export function raiseVirq(world: World, virq: number): void {
  const handler = virqHandler(world, virq);
  for (const local of handler?.ports.open.values() ?? []) {
    if (local.channel.state === 'virq' && local.channel.virq === virq) {
      raise(world, handler!, local);
    }
  }
}

function raise(world: World, domain: SimDomain, local: SimPort): void {
  const fate = world.faults.eventFate(world.rng);
  if (fate.lost) {
    note(world, `d${domain.domid} port ${local.number} event lost`);
    return;
  }
  for (let copy = 0; copy <= fate.extra; copy++) pend(world, domain, local, fate.lateNs);
}

function pend(world: World, domain: SimDomain, local: SimPort, lateNs: number): void {
  const delay = LATENCY_NS + world.rng.below(JITTER_NS) + lateNs;
  world.schedule.after(delay, () => {
    local.pending = true;
    whenRunning(domain, () => deliver(world, domain, local));
  });
}

function deliver(world: World, domain: SimDomain, local: SimPort): void {
  if (!local.open || local.masked || !local.pending) return;
  local.pending = false;
  local.masked = true;
  local.count++;
  note(world, `d${domain.domid} port ${local.number} event ${local.count}`);
  world.views.sync();
  if (local.listener === undefined) local.missed = true;
  else tellListener(local, local.listener);
}

export function unmaskPort(world: World, domain: SimDomain, local: SimPort): void {
  local.masked = false;
  if (local.pending) {
    world.schedule.after(LATENCY_NS, () =>
      whenRunning(domain, () => deliver(world, domain, local)),
    );
  }
}
