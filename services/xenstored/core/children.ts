/**
 * The children of a node, by name, shared by snapshots. Whoever writes owns an epoch; what carries
 * another epoch is copied first, one small bucket of it, never the whole of a large directory.
 */

import { BUCKET_CHILDREN } from './limits.ts';
import type { Node } from './tree.ts';

interface Bucket {
  readonly epoch: number;
  readonly nodes: Node[];
}

export interface Children {
  readonly epoch: number;
  count: number;
  /** The size of the list on the wire: every name and its NUL. */
  bytes: number;
  /** A power of two. Small directories have one bucket. */
  buckets: Bucket[];
  /** Rises with every child that comes: lists are in this order. */
  nextOrder: number;
  /** The list on the wire, once asked for, until a name comes or goes. */
  list: Uint8Array | undefined;
}

function bucketOf(children: Children, name: string): number {
  const count = children.buckets.length;
  if (count === 1) return 0;
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  hash ^= hash >>> 15;
  return hash & (count - 1);
}

function indexOf(nodes: readonly Node[], name: string): number {
  for (let i = 0; i < nodes.length; i++) if ((nodes[i] as Node).name === name) return i;
  return -1;
}

export function getChild(children: Children, name: string): Node | undefined {
  const { nodes } = children.buckets[bucketOf(children, name)] as Bucket;
  const at = indexOf(nodes, name);
  return at < 0 ? undefined : nodes[at];
}

/** An empty directory, or a copy that `epoch` may write to and that shares every bucket. */
export function ownChildren(children: Children | undefined, epoch: number): Children {
  if (children === undefined) {
    const buckets = [{ epoch, nodes: [] }];
    return { epoch, count: 0, bytes: 0, buckets, nextOrder: 0, list: undefined };
  }
  if (children.epoch === epoch) return children;
  const { count, bytes, buckets, nextOrder, list } = children;
  return { epoch, count, bytes, buckets: buckets.slice(), nextOrder, list };
}

function ownBucket(children: Children, index: number): Node[] {
  const bucket = children.buckets[index] as Bucket;
  if (bucket.epoch === children.epoch) return bucket.nodes;
  const own = { epoch: children.epoch, nodes: bucket.nodes.slice() };
  children.buckets[index] = own;
  return own.nodes;
}

function grow(children: Children): void {
  const old = children.buckets;
  const { epoch } = children;
  children.buckets = Array.from({ length: old.length * 4 }, () => ({ epoch, nodes: [] }));
  for (const { nodes } of old) {
    for (const node of nodes) {
      children.buckets[bucketOf(children, node.name)]?.nodes.push(node);
    }
  }
}

/** Puts a copy of a child in its place. `children` must be owned. */
export function replaceChild(children: Children, node: Node): void {
  const nodes = ownBucket(children, bucketOf(children, node.name));
  nodes[indexOf(nodes, node.name)] = node;
}

/** Adds a child under a name that is free, last in the list. `children` must be owned. */
export function addChild(children: Children, name: string, node: Node): void {
  node.name = name;
  node.order = children.nextOrder++;
  ownBucket(children, bucketOf(children, name)).push(node);
  children.count++;
  children.bytes += name.length + 1;
  children.list = undefined;
  if (children.count > children.buckets.length * BUCKET_CHILDREN) grow(children);
}

/** Removes a child if it is there. `children` must be owned. */
export function deleteChild(children: Children, name: string): void {
  const nodes = ownBucket(children, bucketOf(children, name));
  const at = indexOf(nodes, name);
  if (at < 0) return;
  nodes.splice(at, 1);
  children.count--;
  children.bytes -= name.length + 1;
  children.list = undefined;
}

/** In the order in which they came, as C xenstored lists them. */
export function childrenOf(children: Children | undefined): readonly Node[] {
  if (children === undefined) return [];
  const [first, ...others] = children.buckets;
  if (first !== undefined && others.length === 0) return first.nodes;
  const all = children.buckets.flatMap(({ nodes }) => nodes);
  return all.sort((a, b) => a.order - b.order);
}

const NOTHING = new Uint8Array(0);

/** The names as DIRECTORY sends them. Kept until one comes or goes; not to be written to. */
export function childList(children: Children | undefined): Uint8Array {
  if (children === undefined || children.count === 0) return NOTHING;
  if (children.list !== undefined) return children.list;
  const list = new Uint8Array(children.bytes);
  let at = 0;
  for (const { name } of childrenOf(children)) {
    for (let i = 0; i < name.length; i++) list[at++] = name.charCodeAt(i);
    at++;
  }
  children.list = list;
  return list;
}
