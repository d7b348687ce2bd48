/**
 * The tree of nodes, persistent by structure sharing: a snapshot is a reference to the root and a
 * new epoch for whoever writes next. Nodes of one's own epoch are changed in place, others are
 * copied with the path to them, so that a store without open transactions copies nothing.
 */

import { assert } from '../../../shared/core/assert.ts';
import type { Children } from './children.ts';
import { addChild, deleteChild, getChild, ownChildren, replaceChild } from './children.ts';
import { BUCKET_CHILDREN } from './limits.ts';
import { oneName, type Path } from './path.ts';
import type { Perms } from './perms.ts';
import type { Value } from './value.ts';

export interface Node {
  readonly epoch: number;
  /** In its parent's list; the root has none. */
  readonly name: string;
  /** When anything of the node itself last changed, by the store's count; unique to the change. */
  generation: number;
  value: Value;
  perms: Perms;
  children: Children | undefined;
}

export interface Tree {
  root: Node;
  /** Nodes with this epoch belong to this tree alone. */
  epoch: number;
  /** Changes whenever a path may lead to another node than before. */
  shape: number;
  /** Bytes, about, of what it has copied so far: what older snapshots may keep alive. */
  copied: number;
}

/** What a node is reckoned at, in V8 or QuickJS, without its value; and a place in a list. */
const NODE_BYTES = 256;
const POINTER_BYTES = 16;

/** A node without children, to be inserted at `path`. */
export function createNode(
  epoch: number,
  path: Path,
  generation: number,
  value: Value,
  perms: Perms,
): Node {
  const name = oneName(path.parts.at(-1) ?? '');
  return { epoch, name, generation, value, perms, children: undefined };
}

function copyNode(node: Node, epoch: number): Node {
  const { name, generation, value, perms, children } = node;
  return { epoch, name, generation, value, perms, children };
}

/**
 * The node at `path`, found by walking only if the tree's shape has changed since the last time.
 */
export function lookup(tree: Tree, path: Path): Node | undefined {
  if (path.hintTree === tree && path.hintShape === tree.shape && path.hint !== undefined) {
    return path.hint ?? undefined;
  }
  const node = walk(tree, path.parts);
  path.hint = node ?? null;
  path.hintTree = tree;
  path.hintShape = tree.shape;
  return node;
}

function walk(tree: Tree, parts: readonly string[]): Node | undefined {
  let node: Node | undefined = tree.root;
  for (let i = 0; i < parts.length; i++) {
    const children: Children | undefined = node.children;
    if (children === undefined) return undefined;
    node = getChild(children, parts[i] as string);
    if (node === undefined) return undefined;
  }
  return node;
}

/** Notes that a snapshot may keep alive a node that is the tree's no longer. */
export function leave(tree: Tree, node: Node): void {
  tree.copied += NODE_BYTES + node.value.length;
}

/** The copy of a node leaves the node behind, and the list that it was in. */
function copy(tree: Tree, node: Node): Node {
  leave(tree, node);
  tree.copied += BUCKET_CHILDREN * POINTER_BYTES;
  return copyNode(node, tree.epoch);
}

/** The first `depth` parts of an existing path, made the tree's own; the node at their end. */
function ownPath(tree: Tree, parts: readonly string[], depth: number): Node {
  tree.shape++;
  if (tree.root.epoch !== tree.epoch) tree.root = copy(tree, tree.root);
  let node = tree.root;
  for (let i = 0; i < depth; i++) {
    const name = parts[i] as string;
    let child: Node | undefined = node.children && getChild(node.children, name);
    assert(child !== undefined, `no node ${name} on the way down`);
    if (child.epoch !== tree.epoch) {
      child = copy(tree, child);
      node.children = ownChildren(node.children, tree.epoch);
      replaceChild(node.children, child);
    }
    node = child;
  }
  return node;
}

/** The node of an existing path, as one that the tree may change in place. */
export function edit(tree: Tree, path: Path): Node {
  const node = lookup(tree, path);
  assert(node !== undefined, `edit of a missing node ${path.text}`);
  return node.epoch === tree.epoch ? node : ownPath(tree, path.parts, path.parts.length);
}

/** Puts a node where its parent exists; the parent counts a change at `generation`. */
export function insert(tree: Tree, path: Path, node: Node, generation: number): void {
  const depth = path.parts.length - 1;
  assert(depth >= 0, 'the root is not inserted');
  const parent = ownPath(tree, path.parts, depth);
  parent.children = ownChildren(parent.children, tree.epoch);
  addChild(parent.children, node, generation);
  parent.generation = generation;
}

/** Takes a node and all below it out; the parent counts a change at `generation`. */
export function remove(tree: Tree, path: Path, generation: number): void {
  const depth = path.parts.length - 1;
  assert(depth >= 0, 'the root is not removed');
  const parent = ownPath(tree, path.parts, depth);
  parent.children = ownChildren(parent.children, tree.epoch);
  deleteChild(parent.children, path.parts[depth] as string, generation);
  parent.generation = generation;
}
