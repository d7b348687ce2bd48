/** Event channels as the hypervisor keeps them: ports, who they lead to, and their delivery. */

import { assert } from '../../core/assert.ts';
import { type Domid, type Port, port } from '../../core/ids.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { type SimDomain, whenRunning } from './domain.ts';
import { findDomain, note, type World } from './world.ts';

type Channel =
  | { readonly state: 'unbound'; readonly remote: Domid }
  | { readonly state: 'interdomain'; readonly remote: SimDomain; readonly remotePort: SimPort }
  | { readonly state: 'virq'; readonly virq: number };

export interface Waiter {
  readonly resolve: (count: number) => void;
  readonly reject: (reason: Error) => void;
}

export interface SimPort {
  readonly number: Port;
  channel: Channel;
  pending: boolean;
  /** Set by each delivery, until the domain unmasks the port. */
  masked: boolean;
  open: boolean;
  count: number;
  waiters: Waiter[];
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
      waiters: [],
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

export function bindVirq(domain: SimDomain, virq: number): Result<SimPort> {
  for (const { channel } of domain.ports.open.values()) {
    if (channel.state === 'virq' && channel.virq === virq) {
      return fail('EEXIST', `domain ${domain.domid} has virq ${virq} already`);
    }
  }
  return allocPort(domain, { state: 'virq', virq });
}

/** Frees a port. The other end stays, unbound and offered to this domain, as in Xen. */
export function closePort(domain: SimDomain, local: SimPort): void {
  assert(local.open, `port ${local.number} of domain ${domain.domid} is closed already`);
  local.open = false;
  domain.ports.open.delete(local.number);
  if (local.channel.state === 'interdomain') {
    local.channel.remotePort.channel = { state: 'unbound', remote: domain.domid };
  }
  const waiters = local.waiters;
  local.waiters = [];
  for (const waiter of waiters) waiter.reject(badPort(local.number));
}

function badPort(number: number): Error {
  return Object.assign(new Error(`port ${number} is closed`), { errno: 'EBADF' });
}

/** Raises the event at the other end of `local`. */
export function notifyPeer(world: World, local: SimPort): void {
  if (local.channel.state === 'interdomain') {
    raise(world, local.channel.remote, local.channel.remotePort);
  }
}

/** A handler that is gone gives its VIRQ back (clear_global_virq_handlers @ RELEASE-4.17.0). */
export function raiseVirq(world: World, virq: number): void {
  const handler = world.domains.get(world.virqHandlers.get(virq) ?? 0) ?? world.domains.get(0);
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
  const waiters = local.waiters;
  local.waiters = [];
  for (const waiter of waiters) waiter.resolve(local.count);
}

export function unmaskPort(world: World, domain: SimDomain, local: SimPort): void {
  local.masked = false;
  if (local.pending) {
    world.schedule.after(LATENCY_NS, () =>
      whenRunning(domain, () => deliver(world, domain, local)),
    );
  }
}
