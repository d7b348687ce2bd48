/** Domains coming and going: introduced, shut down, released, dead. */

import { fail, ok, type Result } from '../../../shared/core/result.ts';
import { addDomain, charge, countNodes, weightOf } from './accounts.ts';
import { childrenOf } from './children.ts';
import { type Connection, createConnection } from './connection.ts';
import type { Domain } from './domain.ts';
import { fireSpecial, fireSpecialOf } from './fire.ts';
import { EVENT_COST, SOCKET_OUTPUT_SMALL } from './limits.ts';
import { dropTransactions } from './ops/transaction.ts';
import { dropWatches } from './ops/watch.ts';
import { clearOutput } from './output.ts';
import type { Path } from './path.ts';
import { childPath, pathOf, ROOT } from './path.ts';
import type { PermEntry } from './perms.ts';
import { ownerOf, permsOf, withOwner } from './perms.ts';
import { removeTree } from './removal.ts';
import type { State } from './state.ts';
import { nextGeneration, stir } from './state.ts';
import type { Node } from './tree.ts';
import { edit, lookup } from './tree.ts';
import { eventCount } from './unread.ts';

export function connect(state: State, domain: Domain | undefined): Connection {
  const connection = createConnection(++state.connectionNumber, domain, state.gone);
  state.connections.add(connection);
  return connection;
}

/** Keeps count of the sockets that leave much unread. */
export function noteUnread(state: State, connection: Connection): number {
  const { output, domain } = connection;
  if (domain !== undefined) return 0;
  const cost = output.size + eventCount(output) * EVENT_COST;
  if (cost < SOCKET_OUTPUT_SMALL && state.stuck.size === 0) return cost;
  state.stuckBytes -= state.stuck.get(connection) ?? 0;
  if (cost < SOCKET_OUTPUT_SMALL) state.stuck.delete(connection);
  else {
    state.stuck.set(connection, cost);
    state.stuckBytes += cost;
  }
  return cost;
}

/** Forgets what a connection has under way; it lives on. */
export function resetConnection(state: State, connection: Connection): void {
  dropWatches(state, connection);
  dropTransactions(state, connection);
  clearOutput(connection.output);
  noteUnread(state, connection);
}

/** A domain's ring, or a socket, is served no longer; a domain's nodes stay until it dies. */
export function ignoreConnection(state: State, connection: Connection): void {
  connection.ignored = true;
  resetConnection(state, connection);
  stir(state, connection);
}

export function disconnect(state: State, connection: Connection): void {
  ignoreConnection(state, connection);
  state.connections.delete(connection);
}

/** INTRODUCE: serves the domain's ring, or its new event channel if it is known already. */
export function introduceDomain(
  state: State,
  domid: number,
  attach: (connection: Connection) => Result<void>,
  again: (connection: Connection) => void,
): Result<Connection> {
  const known = state.domains.get(domid);
  const domain = known ?? addDomain(state, domid);
  if (domain.introduced && domain.connection !== undefined) {
    resetConnection(state, domain.connection);
    domain.connection.ignored = false;
    again(domain.connection);
    return ok(domain.connection);
  }
  const connection = connect(state, domain);
  const attached = attach(connection);
  if (!attached.ok) {
    state.connections.delete(connection);
    if (known === undefined) state.domains.delete(domid);
    return fail(attached.error.errno, attached.error.what);
  }
  domain.introduced = true;
  domain.shutdown = false;
  domain.connection = connection;
  state.writeRate.domainAdded(domain.credit);
  fireSpecial(state, '@introduceDomain');
  fireSpecialOf(state, '@introduceDomain', domid);
  return ok(connection);
}

/** Gives a dead domain's node to dom0; always for the root, which nothing removes. */
function adoptOrphans(state: State, path: Path, domain: Domain): void {
  const node = edit(state.tree, path);
  const weight = weightOf(path.text.length, node);
  charge(state, domain.domid, -weight);
  charge(state, state.privDomid, weight);
  countNodes(state, domain.domid, -1);
  countNodes(state, state.privDomid, 1);
  node.perms = withOwner(node.perms, state.privDomid);
  node.generation = nextGeneration(state);
}

/**
 * Removes what the domain owns below `top`, with all below that; stops once it owns nothing more.
 */
function removeOwned(state: State, domain: Domain, top: Path): void {
  const stack = [top];
  for (let path = stack.pop(); path !== undefined && domain.nodes > 0; path = stack.pop()) {
    const node = lookup(state.tree, path);
    if (node === undefined) continue;
    if (ownerOf(node.perms) === domain.domid) {
      if (state.keepOrphans || path.parts.length === 0) adoptOrphans(state, path, domain);
      else {
        removeTree(state, path);
        continue;
      }
    }
    const children = childrenOf(node.children);
    for (let i = children.length - 1; i >= 0; i--) {
      stack.push(childPath(path, (children[i] as Node).name));
    }
  }
}

/** A domain is in no list any longer: a later domain with its number starts without rights. */
function removeFromSpecials(state: State, domid: number): void {
  for (const [name, perms] of state.specials) {
    const [owner, ...others] = perms.entries;
    const heir: PermEntry = owner.domid === domid ? { ...owner, domid: state.privDomid } : owner;
    const left = others.filter((entry) => entry.domid !== domid);
    state.specials.set(name, permsOf([heir, ...left], perms.generation));
  }
}

/** RELEASE, or death: its watches go first, so that it hears nothing of the rest. */
export function destroyDomain(state: State, domain: Domain): void {
  const { connection, domid } = domain;
  domain.connection = undefined;
  if (connection !== undefined) {
    disconnect(state, connection);
    for (const other of state.connections) {
      if (other.target === connection) other.target = undefined;
    }
    state.host.released(connection);
  }
  removeOwned(state, domain, pathOf(`/local/domain/${domid}`));
  removeOwned(state, domain, ROOT);
  removeFromSpecials(state, domid);
  state.domains.delete(domid);
  if (!domain.introduced) return;
  state.writeRate.domainRemoved(domain.credit);
  fireSpecial(state, '@releaseDomain');
  fireSpecialOf(state, '@releaseDomain', domid);
}

/** What the hypervisor says of a domain; undefined: there is none. */
export type DomainStatus = { readonly shutdown: boolean; readonly dying: boolean } | undefined;

/**
 * VIRQ_DOM_EXC: some domain has shut down or died. Who watches without a depth hears once of all
 * that have shut down, unless a death that he hears of comes after them.
 */
export function checkDomains(state: State, status: (domid: number) => DomainStatus): void {
  let untold = false;
  for (const domain of [...state.domains.values()].reverse()) {
    if (domain.domid === 0) continue;
    const now = status(domain.domid);
    if (!domain.introduced) {
      if (now === undefined) destroyDomain(state, domain);
      continue;
    }
    if (now?.shutdown && !domain.shutdown) {
      domain.shutdown = true;
      untold = true;
      fireSpecialOf(state, '@releaseDomain', domain.domid);
    }
    if (now === undefined || now.dying) {
      untold = false;
      destroyDomain(state, domain);
    }
  }
  if (untold) fireSpecial(state, '@releaseDomain');
}
