/** Which watches a change fires, and who may know of it (xenstored_watch.c @ RELEASE-4.17.7). */

import type { Connection } from './connection.ts';
import type { Path } from './path.ts';
import { allowed, READ } from './perms.ts';
import { owedBy, sendEvent } from './reply.ts';
import type { Owed, Request, State } from './state.ts';
import type { Node } from './tree.ts';

/** What of a node decides who may read it. */
export type Protected = Pick<Node, 'perms' | 'permsGeneration'>;

/** A changed node as its watchers may have known it. Whoever could read any of these may know. */
export interface Changed {
  readonly path: Path;
  /** Now, or just before it was deleted; undefined if it came and went in one transaction. */
  readonly node: Node | undefined;
  readonly parent: Node | undefined;
  /** Before a change of permissions, or before a transaction. */
  readonly old: Protected | undefined;
  /** Only for watches on exactly this path. */
  readonly exact: boolean;
}

function mayKnow(state: State, who: Connection, changed: Changed): boolean {
  const { node, parent, old } = changed;
  const reads = ({ perms, permsGeneration }: Protected): boolean =>
    (allowed(who, perms, permsGeneration, state.isFresh) & READ) !== 0;
  if (old !== undefined && reads(old)) return true;
  return node !== undefined && (reads(node) || (parent !== undefined && reads(parent)));
}

/** Sends the events of a change. `owed`: the request that caused it waits for its events to be read. */
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
    if (state.watches.mayMatch(changed.path)) fire(state, owedBy(rq), changed);
    return;
  }
  const access = transaction.accessed.get(changed.path.text);
  if (access === undefined) transaction.failed = true;
  else if (!changed.exact) access.fire = 'subtree';
  else if (access.fire === 'no') access.fire = 'exact';
}

/** `@introduceDomain` or `@releaseDomain`, to those who may read it. */
export function fireSpecial(state: State, name: string, domid: number | undefined): void {
  const perms = state.specials.get(name);
  if (perms === undefined) return;
  const may = (who: Connection): boolean =>
    (allowed(who, perms, state.generation, state.isFresh) & READ) !== 0;
  for (const watch of state.watches.special(name)) {
    const to = watch.connection;
    if (!may(to)) continue;
    if (watch.depth === Number.POSITIVE_INFINITY) {
      sendEvent(state, undefined, to, name, watch.token);
    } else if (watch.depth > 0 && domid !== undefined) {
      sendEvent(state, undefined, to, `${name}/${domid}`, watch.token);
    }
  }
  if (domid === undefined) return;
  for (const watch of state.watches.special(`${name}/${domid}`)) {
    if (may(watch.connection)) {
      sendEvent(state, undefined, watch.connection, watch.path, watch.token);
    }
  }
}
