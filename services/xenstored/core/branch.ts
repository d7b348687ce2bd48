/** How a tree becomes two. */

import type { State } from './state.ts';
import type { Tree } from './tree.ts';

/**
 * The store's tree as it is, for somebody else to change: both copy what they write from now on.
 */
export function branch(state: State): Tree {
  const tree = { root: state.tree.root, epoch: ++state.epochs, shape: 0, copied: 0 };
  state.tree.epoch = ++state.epochs;
  return tree;
}
