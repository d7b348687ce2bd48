/** Which watches a change fires, and who may know of it (xenstored_watch.c @ RELEASE-4.17.7). */

import type { Connection } from './connection.ts';
import type { Path } from './path.ts';
import { allowed, READ } from './perms.ts';
import { owedBy, sendEvent } from './reply.ts';
import type { Owed, Request, State } from './state.ts';
import type { Node } from './tree.ts';

/** What of a node decides who may read it. */
export type Protected = Pick<Node, 'perms'>;

/** A changed node as its watchers may have known it. Whoever could read any of these may know. */
export interface Changed {
  readonly path: Path;
  /** Now, or just before it was deleted; undefined if it came and went in one transaction. */
  readonly node: Protected | undefined;
  readonly parent: Protected | undefined;
  /** Before a change of permissions, or before a transaction. */
  readonly old: Protected | undefined;
  /** Only for watches on exactly this path. */
  readonly exact: boolean;
}

function mayKnow(state: State, who: Connection, changed: Changed): boolean {
  const { node, parent, old } = changed;
  const reads = ({ perms }: Protected): boolean =>
    (allowed(who, perms, state.isFresh) & READ) !== 0;
  if (old !== undefined && reads(old)) return true;
  return node !== undefined && (reads(node) || (parent !== undefined && reads(parent)));
}

/**
 * Sends the events of a change. `owed`: the request that caused it waits for its events to be
 * read.
 */
export function fire(state: State, owed: Owed | undefined, changed: Changed): void {
  const { path, exact } = changed;
  if (!state.watches.mayMatch(path)) return;
  let asked: Connection | undefined;
  let may = false;
  for (const watch of state.watches.matching(path, exact)) {
    const to = watch.connection;
    if (to !== asked) {
      asked = to;
      may = mayKnow(state, to, changed);
    }
    if (may) sendEvent(state, owed, to, path.text.slice(watch.prefix), watch.token);
  }
}

/** Fires for a change by `rq` outside a transaction, or notes it for the commit. */
export function fireFor(rq: Request, changed: Changed): void {
  const { transaction, state } = rq;
  if (transaction === undefined) {
    fire(state, owedBy(rq), changed);
    return;
  }
  const access = transaction.accessed.get(changed.path.text);
  if (access === undefined) transaction.failed = true;
  else if (!changed.exact) access.fire = 'subtree';
  else if (access.fire === 'no') access.fire = 'exact';
}

function mayKnowSpecial(state: State, name: string, who: Connection): boolean {
  const perms = state.specials.get(name);
  return perms !== undefined && (allowed(who, perms, state.isFresh) & READ) !== 0;
}

/** `@introduceDomain` or `@releaseDomain`, to those who may read it and do not ask for more. */
export function fireSpecial(state: State, name: string): void {
  for (const { connection, depth, token } of state.watches.special(name)) {
    if (depth !== Number.POSITIVE_INFINITY || !mayKnowSpecial(state, name, connection)) continue;
    sendEvent(state, undefined, connection, name, token);
  }
}

/** `@releaseDomain/5`, to watches of exactly that and to those of `@releaseDomain` with a depth. */
export function fireSpecialOf(state: State, name: string, domid: number): void {
  const full = `${name}/${domid}`;
  const deep = state.watches
    .special(name)
    .filter(({ depth }) => depth > 0 && depth !== Number.POSITIVE_INFINITY);
  for (const { connection, token } of [...deep, ...state.watches.special(full)]) {
    if (mayKnowSpecial(state, name, connection)) {
      sendEvent(state, undefined, connection, full, token);
    }
  }
}
