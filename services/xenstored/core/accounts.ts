/** Domains by number, and what their nodes, watches and output weigh. */

import { createDomain, type Domain } from './domain.ts';
import {
  ACCESS_COST,
  EVENT_COST,
  MEMORY_LOG_INTERVAL_MS,
  NODE_COST,
  WATCH_COST,
} from './limits.ts';
import { DEFAULT_QUOTAS } from './quota.ts';
import type { State } from './state.ts';
import type { Node } from './tree.ts';
import { eventCount } from './unread.ts';

/**
 * sizeof(struct xs_tdb_record_hdr) and of one of its permissions: xenstored_core.h @
 * RELEASE-4.17.7.
 */
const NODE_HEADER = 24;
const NODE_PERMISSION = 8;

/** The size that the quota on one node looks at. */
export function sizeOf(valueSize: number, perms: number, childBytes: number): number {
  return NODE_HEADER + perms * NODE_PERMISSION + valueSize + childBytes;
}

/** The memory that a node is charged with: its size and its path. */
export function weightOf(pathLength: number, node: Node): number {
  const childBytes = node.children?.bytes ?? 0;
  return pathLength + sizeOf(node.value.length, node.perms.entries.length, childBytes);
}

/** Makes a domain known, introduced or not: permissions may name it from now on. */
export function addDomain(state: State, domid: number): Domain {
  const privileged = domid === 0 || domid === state.privDomid;
  const domain = createDomain(domid, privileged, state.generation, state.features, state.limits);
  state.domains.set(domid, domain);
  return domain;
}

/** The domain of that number if the store or the hypervisor knows one. */
export function existingDomain(state: State, domid: number): Domain | undefined {
  const known = state.domains.get(domid);
  if (known !== undefined) return known;
  return state.host.domainExists(domid) ? addDomain(state, domid) : undefined;
}

/** Says in the log when a domain comes to its quotas of memory, and when it is below them again. */
function reportMemory(state: State, domain: Domain): void {
  const { memoryLog: log, memory, domid, limits, connection } = domain;
  if (domain.privileged || connection?.ignored === true) return;
  const say = (text: string): void => {
    log.lastMs = state.host.nowMs();
    log.reported = log.hardReported || log.softReported;
    state.host.report(`domain ${domid}: ${memory} bytes of memory, ${text}`);
  };
  const { memory: hard, softMemory: soft } = limits;
  if (memory >= hard) {
    if (log.hardReported) return;
    log.hardReported = true;
    say(`at the hard quota of ${hard}; it is not served until below`);
    return;
  }
  const isOver = memory >= soft;
  if (isOver === log.softReported && !log.hardReported) return;
  if (state.host.nowMs() - log.lastMs < MEMORY_LOG_INTERVAL_MS) return;
  if (log.hardReported) {
    log.hardReported = false;
    say(`below the hard quota of ${hard} again`);
  }
  if (isOver && !log.softReported) {
    log.softReported = true;
    say(`over the soft quota of ${soft}`);
  } else if (memory < soft && log.softReported) {
    log.softReported = false;
    say(`below the soft quota of ${soft} again`);
  }
}

/** Adds to what a domain weighs; a domain that nobody knows weighs nothing. */
export function charge(state: State, domid: number, bytes: number): void {
  chargeTo(state, state.domains.get(domid), bytes);
}

export function chargeTo(state: State, domain: Domain | undefined, bytes: number): void {
  if (domain === undefined) return;
  domain.memory += bytes;
  if (domain.memory >= domain.limits.toldMemory || domain.memoryLog.reported) {
    reportMemory(state, domain);
  }
}

/** What a domain holds beside what C xenstored counts: see NODE_COST and its like. */
export function overheadOf({ nodes, watches, accesses, connection }: Domain): number {
  const events = connection === undefined ? 0 : eventCount(connection.output);
  const kept = nodes * NODE_COST + watches * WATCH_COST;
  return kept + accesses * ACCESS_COST + events * EVENT_COST;
}

/**
 * Whether `bytes` more would take an unprivileged domain to its hard quota, as C xenstored counts
 * it, or `overhead` more to as much again.
 */
export function exceedsMemory(domain: Domain | undefined, bytes: number, overhead = 0): boolean {
  if (domain === undefined || domain.privileged) return false;
  const hard = domain.limits.memory;
  if (domain.memory + bytes >= hard) return true;
  // Quotas lower than what is common are meant for what they count.
  return overhead > 0 && overheadOf(domain) + overhead >= Math.max(hard, DEFAULT_QUOTAS.memory);
}

/** Changes how many nodes a domain owns. */
export function countNodes(state: State, domid: number, by: number): void {
  const domain = state.domains.get(domid);
  if (domain !== undefined) domain.nodes += by;
}
