/**
 * Removing nodes with all below them, and telling their watchers while it is known who could
 * read.
 */

import type { WireError } from '../../../shared/xenstore/errors.ts';
import { accessTo, see, treeOf } from './access.ts';
import { charge, countNodes, weightOf } from './accounts.ts';
import { chargeWrite, weigh } from './changes.ts';
import { childrenOf } from './children.ts';
import { fire, fireFor } from './fire.ts';
import type { Path } from './path.ts';
import { childPath, parentPath } from './path.ts';
import { ownerOf } from './perms.ts';
import { owedBy } from './reply.ts';
import type { Owed, Request, State } from './state.ts';
import { nextGeneration } from './state.ts';
import { changed, countOwned, SAW_CHILDREN } from './transaction.ts';
import type { Node } from './tree.ts';
import { lookup, remove } from './tree.ts';

interface Doomed {
  readonly path: Path;
  readonly node: Node;
  readonly parent: Node | undefined;
}

/**
 * A node and all below it, children before their parents; `enter` is told of each on the way
 * down.
 */
function subtree(top: Doomed, enter: (path: Path) => WireError | undefined): Doomed[] | WireError {
  const order: Doomed[] = [];
  const stack = [{ at: top, children: childrenOf(top.node.children), next: 0 }];
  for (let step = stack.at(-1); step !== undefined; step = stack.at(-1)) {
    const node = step.children[step.next++];
    if (node === undefined) {
      order.push(step.at);
      stack.pop();
      continue;
    }
    const at = { path: childPath(step.at.path, node.name), node, parent: step.at.node };
    const error = enter(at.path);
    if (error !== undefined) return error;
    stack.push({ at, children: childrenOf(node.children), next: 0 });
  }
  return order;
}

/** Takes nodes out of the store's tree and off their owners' accounts, then tells the watchers. */
function removeNow(state: State, owed: Owed | undefined, order: readonly Doomed[]): void {
  const top = order.at(-1) as Doomed;
  for (const { path, node } of order) {
    const owner = ownerOf(node.perms);
    countNodes(state, owner, -1);
    charge(state, owner, -weightOf(path.text.length, node));
  }
  const parentOwner = top.parent === undefined ? 0 : ownerOf(top.parent.perms);
  charge(state, parentOwner, -((top.path.parts.at(-1) as string).length + 1));
  remove(state.tree, top.path, nextGeneration(state));
  if (order.length > 1) state.paths.dropHints();
  for (const { path, node, parent } of order) {
    fire(state, owed, { path, node, parent, old: undefined, exact: path !== top.path });
  }
}

/** Removes a node of the store, for a request or (without one) because its owner is gone. */
export function removeTree(state: State, path: Path, rq: Request | undefined): void {
  const node = lookup(state.tree, path);
  if (node === undefined || path.parts.length === 0) return;
  const parent = lookup(state.tree, parentPath(path));
  const order = subtree({ path, node, parent }, () => undefined);
  if (typeof order === 'string') return;
  removeNow(state, rq && owedBy(rq), order);
  if (rq !== undefined) chargeWrite(rq, order.length + 1);
}

/** Removes a node that the request may remove, inside its transaction if it has one. */
export function removeFor(rq: Request, path: Path, node: Node): WireError | undefined {
  const { state, transaction } = rq;
  const above = parentPath(path);
  const parent = see(rq, above, 0);
  if (typeof parent === 'string') return parent === 'ENOENT' ? 'EINVAL' : parent;
  if (transaction === undefined) {
    removeTree(state, path, rq);
    return undefined;
  }
  const order = subtree({ path, node, parent }, (below) => {
    const seen = see(rq, below, SAW_CHILDREN);
    return typeof seen === 'string' ? 'EIO' : undefined;
  });
  if (typeof order === 'string') {
    transaction.failed = true;
    return order;
  }
  for (const each of order) {
    const access = accessTo(rq, each.path);
    if (access !== undefined) {
      access.saw |= SAW_CHILDREN;
      changed(access, undefined);
      access.deleted = true;
    }
    const owner = ownerOf(each.node.perms);
    countOwned(transaction, owner, -1);
    weigh(rq, owner, -weightOf(each.path.text.length, each.node));
    const exact = each.path !== path;
    fireFor(rq, { path: each.path, node: each.node, parent: each.parent, old: undefined, exact });
  }
  remove(treeOf(rq), path, nextGeneration(state));
  weigh(rq, ownerOf(parent.perms), -((path.parts.at(-1) as string).length + 1));
  return undefined;
}
