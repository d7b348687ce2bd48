/**
 * Snapshots, conflicts, and how a transaction's changes come into a tree that has moved on.
 *
 * C xenstored copies a node when a transaction first touches it, and fails the commit if any
 * touched node has changed. Here a transaction has a snapshot. While what it has seen so far is
 * unchanged, the snapshot is renewed at its next request, so that it sees what C would show it.
 * At the commit only what its replies depended on must be unchanged: that nodes exist, their
 * permissions, and values and lists that were read. Everything else merges: children created side
 * by side, a value overwritten unread.
 *
 * An old snapshot keeps alive what the store has long changed. So a transaction loses it when that
 * has become too much, and gets a new one with its changes put back when it goes on; if what it has
 * seen has changed meanwhile, that, too, is put back (restore.ts), and its commit fails.
 */

import { charge, countNodes, weightOf } from './accounts.ts';
import { branch } from './branch.ts';
import { REFRESH_NODES_MAX } from './limits.ts';
import type { Path } from './path.ts';
import { parentPath } from './path.ts';
import { ownerOf } from './perms.ts';
import { keepLists, restored } from './restore.ts';
import type { State } from './state.ts';
import { nextGeneration } from './state.ts';
import type { Access, Content, Transaction } from './transaction.ts';
import { listGeneration, SAW_CHILDREN, SAW_VALUE } from './transaction.ts';
import type { Node, Tree } from './tree.ts';
import { createNode, edit, insert, lookup, remove } from './tree.ts';

function give(state: State, tx: Transaction, tree: Tree): Tree {
  tx.tree = tree;
  tx.base = state.tree.root;
  tx.taken = state.tree.copied;
  state.snapshots.add(tx);
  return tree;
}

/** The transaction's tree, taken of the store's at first use. */
export function snapshot(state: State, tx: Transaction): Tree {
  return tx.tree ?? give(state, tx, branch(state));
}

function differs(access: Access, now: Node | undefined, strict: boolean): boolean {
  const { before, saw } = access;
  if (before === undefined || now === undefined) return before !== now;
  if (strict) return now.generation !== before.generation;
  return (
    now.perms !== before.perms ||
    ((saw & SAW_VALUE) !== 0 && now.value !== before.value) ||
    ((saw & SAW_CHILDREN) !== 0 && listGeneration(now) !== before.listGeneration)
  );
}

/** Whether the store has moved on from what the transaction depends on. */
function conflicts(state: State, tx: Transaction): boolean {
  const strict = state.conflicts === 'node';
  for (const access of tx.accessed.values()) {
    if (differs(access, lookup(state.tree, access.path), strict)) return true;
  }
  return false;
}

function changesOf(tx: Transaction): Access[] {
  return [...tx.accessed.values()].filter((access) => access.modified);
}

/** Puts one created or changed node into `into`. */
function apply(state: State, access: Access, after: Content, into: Tree): void {
  const { path, before, deleted, wroteValue, wrotePerms } = access;
  const generation = nextGeneration(state);
  if (before === undefined || deleted) {
    const { value, perms } = after;
    insert(into, path, createNode(into.epoch, path, generation, value, perms), generation);
    return;
  }
  const own = edit(into, path);
  own.generation = generation;
  if (wroteValue) own.value = after.value;
  if (wrotePerms) own.perms = after.perms;
}

/** The store's tree of now with the transaction's changes; nothing in `tx` conflicts with it. */
function merged(state: State, tx: Transaction): Tree {
  const into = branch(state);
  const changes = changesOf(tx);
  for (const { path, before, deleted } of changes) {
    if (deleted && before !== undefined && lookup(into, path) !== undefined) {
      remove(into, path, nextGeneration(state));
    }
  }
  changes.sort((a, b) => a.path.parts.length - b.path.parts.length);
  for (const access of changes) {
    if (access.after !== undefined) apply(state, access, access.after, into);
  }
  return into;
}

/**
 * Brings the snapshot up to date before the transaction's next request, if what it has seen
 * allows. Large transactions keep theirs while they have one: each renewal costs as much as they
 * have touched.
 */
export function refresh(state: State, tx: Transaction): void {
  if (tx.accessed.size === 0) return;
  if (tx.tree !== undefined) {
    if (tx.doomed || tx.base === state.tree.root) return;
    if (tx.accessed.size > REFRESH_NODES_MAX) return;
  }
  tx.doomed ||= conflicts(state, tx);
  if (!tx.doomed) give(state, tx, merged(state, tx));
  else if (tx.tree === undefined) give(state, tx, restored(state, tx));
}

/** Takes the snapshots that may keep alive so many bytes of what the store has changed. */
export function dropSnapshots(state: State, bytes: number): void {
  for (const tx of state.snapshots) {
    if (state.tree.copied - tx.taken < bytes) continue;
    keepLists(tx);
    tx.tree = undefined;
    tx.base = undefined;
    state.snapshots.delete(tx);
  }
}

/** What nodes weigh on their owners, taken off before a commit and put on after it. */
function weigh(state: State, paths: readonly Path[], sign: 1 | -1): void {
  for (const path of paths) {
    const node = lookup(state.tree, path);
    if (node === undefined) continue;
    charge(state, ownerOf(node.perms), sign * weightOf(path.text.length, node));
  }
}

/** The changed nodes and those above them, whose lists of children may have changed; each once. */
function touched(changes: readonly Access[]): Path[] {
  const paths = new Map<string, Path>();
  for (const { path, before, after } of changes) {
    paths.set(path.text, path);
    const above = (before === undefined) === (after === undefined) ? undefined : parentPath(path);
    if (above !== undefined && !paths.has(above.text)) paths.set(above.text, above);
  }
  return [...paths.values()];
}

const isCurrent = (state: State, tx: Transaction): boolean =>
  tx.tree !== undefined && tx.base === state.tree.root;

/** Whether the transaction's changes can become the store's. */
export function mayCommit(state: State, tx: Transaction): boolean {
  return !tx.doomed && (isCurrent(state, tx) || !conflicts(state, tx));
}

/** Makes the transaction's changes the store's. */
export function commit(state: State, tx: Transaction): void {
  const changes = changesOf(tx);
  if (changes.length === 0) return;
  const result = isCurrent(state, tx) && tx.tree !== undefined ? tx.tree : merged(state, tx);
  const paths = touched(changes);
  weigh(state, paths, -1);
  state.tree.root = result.root;
  state.tree.epoch = result.epoch;
  state.tree.copied += result.copied;
  state.tree.shape++;
  weigh(state, paths, 1);
  for (const [domid, by] of tx.owned) countNodes(state, domid, by);
  if (changes.some((access) => access.deleted)) state.paths.dropHints();
}
