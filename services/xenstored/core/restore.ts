/**
 * What a transaction goes on to see when what it saw has changed and its snapshot is gone: the
 * store of now, with every node that it has looked at as it first saw it or made it since.
 */

import { branch } from './branch.ts';
import { childrenOf } from './children.ts';
import type { Path } from './path.ts';
import { childPath, parentPath } from './path.ts';
import type { Perms } from './perms.ts';
import type { State } from './state.ts';
import { nextGeneration } from './state.ts';
import type { Access, Content, Transaction } from './transaction.ts';
import { SAW_CHILDREN } from './transaction.ts';
import type { Tree } from './tree.ts';
import { createNode, edit, insert, lookup, remove } from './tree.ts';

/** Notes which children the transaction was told of, before its snapshot goes. */
export function keepLists(tx: Transaction): void {
  const { tree } = tx;
  if (tree === undefined) return;
  for (const access of tx.accessed.values()) {
    if ((access.saw & SAW_CHILDREN) === 0) continue;
    const node = lookup(tree, access.path);
    access.listed = node && childrenOf(node.children).map(({ name }) => name);
  }
}

function put(state: State, into: Tree, path: Path, { value, perms }: Content): void {
  const generation = nextGeneration(state);
  insert(into, path, createNode(into.epoch, path, generation, value, perms), generation);
}

/** Makes nodes in the place of those above `path` that are gone. */
function putAbove(state: State, into: Tree, path: Path, perms: Perms): void {
  const above = parentPath(path);
  if (lookup(into, above) !== undefined) return;
  putAbove(state, into, above, perms);
  put(state, into, above, { value: '', perms });
}

/** Takes out and puts in what the list of a node lacks of what it was, but for nodes of its own. */
function putList(state: State, into: Tree, tx: Transaction, access: Access): void {
  const { path, listed } = access;
  const node = lookup(into, path);
  if (listed === undefined || node === undefined) return;
  const wanted = new Set(listed);
  for (const { name } of childrenOf(node.children)) {
    const child = childPath(path, name);
    if (!wanted.delete(name)) remove(into, child, nextGeneration(state));
  }
  for (const name of wanted) {
    const child = childPath(path, name);
    if (!tx.accessed.has(child.text)) put(state, into, child, { value: '', perms: node.perms });
  }
}

export function restored(state: State, tx: Transaction): Tree {
  const into = branch(state);
  const all = [...tx.accessed.values()];
  all.sort((a, b) => a.path.parts.length - b.path.parts.length);
  for (const access of all) {
    const { path, modified, before, after } = access;
    const wanted = modified ? after : before;
    const now = lookup(into, path);
    if (wanted === undefined) {
      if (now !== undefined && path.parts.length > 0) remove(into, path, nextGeneration(state));
      continue;
    }
    if (now === undefined) {
      putAbove(state, into, path, wanted.perms);
      put(state, into, path, wanted);
    } else {
      const own = edit(into, path);
      own.value = wanted.value;
      own.perms = wanted.perms;
    }
    putList(state, into, tx, access);
  }
  return into;
}
