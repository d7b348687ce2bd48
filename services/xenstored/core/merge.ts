/**
 * Snapshots, conflicts, and how a transaction's changes come into a tree that has moved on.
 *
 * C xenstored copies a node when a transaction first touches it, and fails the commit if any touched
 * node has changed. Here a transaction has a snapshot. While what it has seen so far is unchanged, the
 * snapshot is renewed at its next request, so that it sees what C would show it. At the commit only what its replies depended on must be unchanged: that nodes exist, their permissions, and
 * values and lists that were read. Everything else merges: children created side by side, a value
 * overwritten unread.
 */

import { charge, countNodes, weightOf } from './accounts.ts';
import { REFRESH_NODES_MAX } from './limits.ts';
import type { State } from './state.ts';
import { nextGeneration } from './state.ts';
import type { Access, Transaction } from './transaction.ts';
import { SAW_CHILDREN, SAW_VALUE } from './transaction.ts';
import type { Node, Tree } from './tree.ts';
import { createNode, edit, insert, lookup, remove } from './tree.ts';

/** The transaction's tree, taken of the store's at first use. */
export function snapshot(state: State, tx: Transaction): Tree {
  if (tx.tree === undefined) {
    tx.base = state.tree.root;
    tx.tree = { root: state.tree.root, epoch: ++state.epochs, shape: 0 };
    state.tree.epoch = ++state.epochs;
  }
  return tx.tree;
}

function changed(access: Access, now: Node | undefined, strict: boolean): boolean {
  const { before, saw } = access;
  if (before === undefined || now === undefined)
    return (before === undefined) !== (now === undefined);
  if (strict) return now.generation !== before.generation;
  return (
    now.perms !== before.perms ||
    ((saw & SAW_VALUE) !== 0 && now.value !== before.value) ||
    ((saw & SAW_CHILDREN) !== 0 && now.childGeneration !== before.childGeneration)
  );
}

/** Whether the store has moved on from what the transaction depends on. */
function conflicts(state: State, tx: Transaction): boolean {
  const strict = state.conflicts === 'node';
  for (const access of tx.accessed.values()) {
    if (changed(access, lookup(state.tree, access.path), strict)) return true;
  }
  return false;
}

/** Puts one created or changed node of `from` into `into`. */
function apply(state: State, access: Access, node: Node, into: Tree): void {
  const { path, before, deleted, wroteValue, wrotePerms } = access;
  const generation = nextGeneration(state);
  if (before === undefined || deleted) {
    const { value, perms, permsGeneration } = node;
    insert(
      into,
      path,
      createNode(into.epoch, generation, value, perms, permsGeneration),
      generation,
    );
  } else if (wroteValue || wrotePerms) {
    const own = edit(into, path);
    own.generation = generation;
    if (wroteValue) own.value = node.value;
    if (wrotePerms) {
      own.perms = node.perms;
      own.permsGeneration = node.permsGeneration;
    }
  }
}

/** The store's tree of now with the transaction's changes; nothing in `tx` conflicts with it. */
function merged(state: State, tx: Transaction, own: Tree): Tree {
  const into: Tree = { root: state.tree.root, epoch: ++state.epochs, shape: 0 };
  state.tree.epoch = ++state.epochs;
  const changes = [...tx.accessed.values()].filter((access) => access.modified);
  for (const { path, before, deleted } of changes) {
    if (deleted && before !== undefined && lookup(into, path) !== undefined) {
      remove(into, path, nextGeneration(state));
    }
  }
  changes.sort((a, b) => a.path.parts.length - b.path.parts.length);
  for (const access of changes) {
    const node = lookup(own, access.path);
    if (node !== undefined) apply(state, access, node, into);
  }
  return into;
}

/**
 * Brings the snapshot up to date before the transaction's next request, if what it has seen allows. Large transactions keep theirs: each renewal costs as much as they have touched.
 */
export function refresh(state: State, tx: Transaction): void {
  if (tx.tree === undefined || tx.base === state.tree.root || tx.doomed) return;
  if (tx.accessed.size > REFRESH_NODES_MAX) return;
  if (conflicts(state, tx)) {
    tx.doomed = true;
    return;
  }
  tx.tree = merged(state, tx, tx.tree);
  tx.base = state.tree.root;
}

/** What a node weighs on whom, before and after a commit. */
function reweigh(state: State, changes: readonly Access[], tree: Tree, sign: 1 | -1): void {
  for (const { path } of changes) {
    const node = lookup(tree, path);
    if (node === undefined) continue;
    charge(state, node.perms[0].domid, sign * weightOf(path.text.length, node));
  }
}

/** Makes the transaction's changes the store's; false if they conflict with what happened since. */
export function commit(state: State, tx: Transaction): boolean {
  const own = tx.tree;
  if (own === undefined) return true;
  const moved = tx.base !== state.tree.root;
  if (tx.doomed || (moved && conflicts(state, tx))) return false;
  const changes = [...tx.accessed.values()].filter((access) => access.modified);
  if (changes.length === 0) return true;
  const result = moved ? merged(state, tx, own) : own;
  reweigh(state, changes, state.tree, -1);
  state.tree.root = result.root;
  state.tree.epoch = result.epoch;
  state.tree.shape++;
  reweigh(state, changes, state.tree, 1);
  for (const [domid, by] of tx.owned) countNodes(state, domid, by);
  return true;
}
