/** Which watches a change fires, and who may know of it (xenstored_watch.c @ RELEASE-4.17.7). */

import type { Connection, Watch } from './connection.ts';
import type { Path } from './path.ts';
import { allowed, READ } from './perms.ts';
import { canHear, sendEvent } from './reply.ts';
import type { Owed, State } from './state.ts';
import { address, tell } from './told.ts';
import type { Transaction } from './transaction.ts';
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

export function mayKnow(state: State, who: Connection, changed: Changed): boolean {
  const { node, parent, old } = changed;
  const reads = ({ perms }: Protected): boolean =>
    (allowed(who, perms, state.isFresh) & READ) !== 0;
  if (old !== undefined && reads(old)) return true;
  return node !== undefined && (reads(node) || (parent !== undefined && reads(parent)));
}

/** Sends the events of a change at `path` to watches of it. */
export function sendTo(
  state: State,
  owed: Owed | undefined,
  path: string,
  watches: readonly Watch[],
): void {
  const { told } = state;
  tell(told, path, watches.length > 2);
  for (let i = 0; i < watches.length; i++) {
    const { connection, prefix, token, hash } = watches[i] as Watch;
    address(told, prefix, token, hash);
    sendEvent(state, owed, connection);
  }
}

/**
 * Tells of one change at `path`, of which `mayMatch` is true. `owed`: the request that caused it
 * waits for its events to be read. Where there are many changes, see fan-out.ts.
 */
export function fire(state: State, owed: Owed | undefined, path: Path, judge: Judge): void {
  let changed: Changed | undefined;
  const found = state.watches.matching(path, false, (to) => {
    if (!canHear(state, to)) return false;
    changed ??= judge();
    return mayKnow(state, to, changed);
  });
  if (found.length > 0) sendTo(state, owed, path.text, found);
}

/** A transaction's commit will tell of a change. */
export function noteFor(tx: Transaction, path: Path, exact: boolean): void {
  const access = tx.accessed.get(path.text);
  if (access === undefined) tx.failed = true;
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
