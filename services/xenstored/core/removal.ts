/**
 * Removing nodes with all below them, and telling their watchers while it is known who could
 * read.
 */

import type { WireError } from '../../../shared/xenstore/errors.ts';
import { accessTo, see, treeOf } from './access.ts';
import { charge, countNodes, weightOf } from './accounts.ts';
import { chargeWrite, weigh } from './changes.ts';
import { childrenOf } from './children.ts';
import { type Changes, fanOut, mayFanOut, sendAll } from './fan-out.ts';
import { type Judge, noteFor } from './fire.ts';
import type { Path } from './path.ts';
import { childPath, parentPath } from './path.ts';
import { ownerOf } from './perms.ts';
import { owedBy } from './reply.ts';
import type { Request, State } from './state.ts';
import { nextGeneration } from './state.ts';
import { changed, countOwned, SAW_CHILDREN } from './transaction.ts';
import type { Node } from './tree.ts';
import { leave, lookup, remove } from './tree.ts';

interface Doomed {
  readonly path: Path;
  readonly node: Node;
  readonly parent: Node | undefined;
}

const onward = (): undefined => undefined;

const judgeOf =
  ({ node, parent }: Doomed): Judge =>
  () => ({ node, parent, old: undefined });

/**
 * Calls `leave` for a node and all below it, children before their parents, after `enter` for each
 * on the way down, whose error ends it. Nothing is kept of where it has been: when memory is short
 * a large tree must still be removable.
 */
function walk(
  top: Doomed,
  enter: (at: Doomed) => WireError | undefined,
  leave: (at: Doomed) => void,
): WireError | undefined {
  const stack = [{ at: top, children: childrenOf(top.node.children), next: 0 }];
  for (let step = stack.at(-1); step !== undefined; step = stack.at(-1)) {
    const node = step.children[step.next++];
    if (node === undefined) {
      leave(step.at);
      stack.pop();
      continue;
    }
    const at = { path: childPath(step.at.path, node.name), node, parent: step.at.node };
    const error = enter(at);
    if (error !== undefined) return error;
    stack.push({ at, children: childrenOf(node.children), next: 0 });
  }
  return undefined;
}

/** What the removal tells of: a node after those below it. */
function changesOf(top: Doomed): Changes {
  return (at) => {
    let goesOn = true;
    walk(top, onward, (each) => {
      if (goesOn) goesOn = at(each.path, each.path !== top.path, judgeOf(each));
    });
  };
}

/** Takes a tree out of the store's and off its owners' accounts; how many nodes. */
function removeNow(state: State, top: Doomed): number {
  let count = 0;
  walk(top, onward, ({ path, node }) => {
    const owner = ownerOf(node.perms);
    countNodes(state, owner, -1);
    charge(state, owner, -weightOf(path.text.length, node));
    leave(state.tree, node);
    count++;
  });
  const parentOwner = top.parent === undefined ? 0 : ownerOf(top.parent.perms);
  charge(state, parentOwner, -((top.path.parts.at(-1) as string).length + 1));
  remove(state.tree, top.path, nextGeneration(state));
  if (count > 1) state.paths.dropHints();
  return count;
}

/** Removes a node because its owner is gone. */
export function removeTree(state: State, path: Path): void {
  const node = lookup(state.tree, path);
  if (node === undefined || path.parts.length === 0) return;
  const top = { path, node, parent: lookup(state.tree, parentPath(path)) };
  const told = fanOut(state, changesOf(top));
  removeNow(state, top);
  sendAll(state, undefined, told);
}

/** Removes a node for a request outside a transaction; dom0 may do so whatever memory there is. */
function removeAsked(rq: Request, top: Doomed): WireError | undefined {
  const { state, connection } = rq;
  const changes = changesOf(top);
  const told = connection.privileged ? fanOut(state, changes) : mayFanOut(rq, changes, 0);
  if (typeof told === 'string') return told;
  const count = removeNow(state, top);
  sendAll(state, owedBy(rq), told);
  chargeWrite(rq, count + 1);
  return undefined;
}

/** Removes a node that the request may remove, inside its transaction if it has one. */
export function removeFor(rq: Request, path: Path, node: Node): WireError | undefined {
  const { state, transaction } = rq;
  const above = parentPath(path);
  const parent = see(rq, above, 0);
  if (typeof parent === 'string') return parent === 'ENOENT' ? 'EINVAL' : parent;
  const top = { path, node, parent };
  if (transaction === undefined) return removeAsked(rq, top);
  const look = (below: Doomed): WireError | undefined =>
    typeof see(rq, below.path, SAW_CHILDREN) === 'string' ? 'EIO' : undefined;
  const error = walk(top, look, onward);
  if (error !== undefined) {
    transaction.failed = true;
    return error;
  }
  walk(top, onward, (each) => {
    const access = accessTo(rq, each.path);
    if (access !== undefined) {
      access.saw |= SAW_CHILDREN;
      changed(access, undefined);
      access.deleted = true;
    }
    const owner = ownerOf(each.node.perms);
    countOwned(transaction, owner, -1);
    weigh(rq, owner, -weightOf(each.path.text.length, each.node));
    noteFor(transaction, each.path, each.path !== path);
  });
  remove(treeOf(rq), path, nextGeneration(state));
  weigh(rq, ownerOf(parent.perms), -((path.parts.at(-1) as string).length + 1));
  return undefined;
}
