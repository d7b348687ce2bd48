/** Which watches a change fires, and who may know of it (xenstored_watch.c @ RELEASE-4.17.7). */

import type { Connection, Watch } from './connection.ts';
import type { Path } from './path.ts';
import { allowed, type Perms, READ } from './perms.ts';
import { canHear, owedBy, sendEvent } from './reply.ts';
import type { Owed, Request, State } from './state.ts';
import { address, tell } from './told.ts';
import type { Node } from './tree.ts';

/** What of a node decides who may read it. */
export type Protected = Pick<Node, 'perms'>;

/** A changed node as its watchers may have known it. Whoever could read any of these may know. */
export interface Changed {
  /** Now, or just before it was deleted; undefined if it came and went in one transaction. */
  readonly node: Protected | undefined;
  readonly parent: Protected | undefined;
  /** Before a change of permissions, or before a transaction. */
  readonly old: Protected | undefined;
}

/** Looked up only where somebody might be told. */
export type Judge = () => Changed;

function mayKnow(state: State, who: Connection, changed: Changed): boolean {
  const { node, parent, old } = changed;
  const reads = ({ perms }: Protected): boolean =>
    (allowed(who, perms, state.isFresh) & READ) !== 0;
  if (old !== undefined && reads(old)) return true;
  return node !== undefined && (reads(node) || (parent !== undefined && reads(parent)));
}

/** Whether a connection may know of a change. */
export type MayKnow = (who: Connection, changed: Changed) => boolean;

/** For many changes in one request: those with the same permissions are judged once. */
export function createAudience(state: State): MayKnow {
  let last: readonly (Perms | undefined)[] = [];
  const judged = new Map<Connection, boolean>();
  return (who, changed) => {
    const { node, parent, old } = changed;
    if (last[0] !== node?.perms || last[1] !== parent?.perms || last[2] !== old?.perms) {
      last = [node?.perms, parent?.perms, old?.perms];
      judged.clear();
    }
    let may = judged.get(who);
    if (may === undefined) {
      may = mayKnow(state, who, changed);
      judged.set(who, may);
    }
    return may;
  };
}

/**
 * Sends the events of a change at `path`, if `exact` only to watches on just that path. `owed`: the
 * request that caused it waits for its events to be read. `audience`: who may know, where that is
 * asked for many changes.
 */
export function fire(
  state: State,
  owed: Owed | undefined,
  path: Path,
  exact: boolean,
  judge: Judge,
  audience?: MayKnow,
): void {
  if (!state.watches.mayMatch(path)) return;
  let changed: Changed | undefined;
  const wants = (to: Connection): boolean => {
    if (!canHear(state, to)) return false;
    changed ??= judge();
    return audience === undefined ? mayKnow(state, to, changed) : audience(to, changed);
  };
  const found = state.watches.matching(path, exact, wants);
  if (found.length === 0) return;
  const { told } = state;
  tell(told, path.text, found.length > 2);
  for (let i = 0; i < found.length; i++) {
    const { connection, prefix, token, hash } = found[i] as Watch;
    address(told, prefix, token, hash);
    sendEvent(state, owed, connection);
  }
}

/** Fires for a change by `rq` outside a transaction, or notes it for the commit. */
export function fireFor(rq: Request, path: Path, exact: boolean, judge: Judge): void {
  const { transaction, state } = rq;
  if (transaction === undefined) {
    fire(state, owedBy(rq), path, exact, judge);
    return;
  }
  const access = transaction.accessed.get(path.text);
  if (access === undefined) transaction.failed = true;
  else if (!exact) access.fire = 'subtree';
  else if (access.fire === 'no') access.fire = 'exact';
}

function mayKnowSpecial(state: State, name: string, who: Connection): boolean {
  const perms = state.specials.get(name);
  return perms !== undefined && (allowed(who, perms, state.isFresh) & READ) !== 0;
}

/** Tells of the special event `name` those of `watches` whom `permitted` allows. */
function sendSpecial(state: State, name: string, permitted: string, watches: readonly Watch[]) {
  tell(state.told, name, false);
  for (const { connection, token, hash } of watches) {
    if (!mayKnowSpecial(state, permitted, connection)) continue;
    address(state.told, 0, token, hash);
    sendEvent(state, undefined, connection);
  }
}

/** `@introduceDomain` or `@releaseDomain`, to those who may read it and do not ask for more. */
export function fireSpecial(state: State, name: string): void {
  const plain = state.watches
    .special(name)
    .filter(({ depth }) => depth === Number.POSITIVE_INFINITY);
  sendSpecial(state, name, name, plain);
}

/** `@releaseDomain/5`, to watches of exactly that and to those of `@releaseDomain` with a depth. */
export function fireSpecialOf(state: State, name: string, domid: number): void {
  const full = `${name}/${domid}`;
  const deep = state.watches
    .special(name)
    .filter(({ depth }) => depth > 0 && depth !== Number.POSITIVE_INFINITY);
  sendSpecial(state, full, name, [...deep, ...state.watches.special(full)]);
}
