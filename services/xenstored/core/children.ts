/**
 * The children of a node, by name, shared by snapshots. Whoever writes owns an epoch; what carries
 * another epoch is copied first: all of a small directory, one small bucket of a large one.
 */

import { BUCKET_CHILDREN } from './limits.ts';
import type { Node } from './tree.ts';

interface Bucket {
  readonly epoch: number;
  /** Never changed: replaced. */
  nodes: readonly Node[];
  /** When each came, by the directory's count. */
  orders: readonly number[];
}

export interface Children {
  readonly epoch: number;
  count: number;
  /** The size of the list on the wire: every name and its NUL. */
  bytes: number;
  /** When a child last came or went, by the store's count. */
  generation: number;
  /** Of a small directory, in the order in which they came. Never changed: replaced. */
  nodes: readonly Node[];
  /** Of a large one instead; as many as a power of two. */
  buckets: Bucket[] | undefined;
  nextOrder: number;
  /** The list on the wire, once asked for, until a name comes or goes. */
  list: Uint8Array | undefined;
}

const NO_NODES: readonly Node[] = [];

function indexOf(nodes: readonly Node[], name: string): number {
  for (let i = 0; i < nodes.length; i++) if ((nodes[i] as Node).name === name) return i;
  return -1;
}

function slotOf(buckets: readonly Bucket[], name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  hash ^= hash >>> 15;
  return hash & (buckets.length - 1);
}

export function getChild(children: Children, name: string): Node | undefined {
  const { buckets } = children;
  const nodes = buckets === undefined ? children.nodes : buckets[slotOf(buckets, name)]?.nodes;
  return nodes?.[indexOf(nodes, name)];
}

/** An empty directory, or a copy that `epoch` may write to and that shares what it can. */
export function ownChildren(children: Children | undefined, epoch: number): Children {
  if (children === undefined) {
    return {
      epoch,
      count: 0,
      bytes: 0,
      generation: 0,
      nodes: NO_NODES,
      buckets: undefined,
      nextOrder: 0,
      list: undefined,
    };
  }
  if (children.epoch === epoch) return children;
  const { count, bytes, generation, nodes, buckets, nextOrder, list } = children;
  return { epoch, count, bytes, generation, nodes, buckets: buckets?.slice(), nextOrder, list };
}

/** The bucket at `slot`, as one that may be written to. */
function ownBucket(children: Children, buckets: Bucket[], slot: number): Bucket {
  const bucket = buckets[slot] as Bucket;
  if (bucket.epoch === children.epoch) return bucket;
  const own = { epoch: children.epoch, nodes: bucket.nodes, orders: bucket.orders };
  buckets[slot] = own;
  return own;
}

/** Spreads the children over four times as many buckets, the first time over four. */
function grow(children: Children): void {
  const { epoch } = children;
  const old = children.buckets ?? [
    { epoch, nodes: children.nodes, orders: children.nodes.map((_, i) => i) },
  ];
  if (children.buckets === undefined) children.nextOrder = children.nodes.length;
  const nodes: Node[][] = Array.from({ length: old.length * 4 }, () => []);
  const orders: number[][] = nodes.map(() => []);
  const buckets = nodes.map((own, i) => ({ epoch, nodes: own, orders: orders[i] as number[] }));
  for (const bucket of old) {
    bucket.nodes.forEach((node, i) => {
      const slot = slotOf(buckets, node.name);
      nodes[slot]?.push(node);
      orders[slot]?.push(bucket.orders[i] as number);
    });
  }
  children.nodes = NO_NODES;
  children.buckets = buckets;
}

/** Puts a copy of a child in its place. `children` must be owned. */
export function replaceChild(children: Children, node: Node): void {
  const { buckets } = children;
  const home = buckets && ownBucket(children, buckets, slotOf(buckets, node.name));
  const nodes = (home ?? children).nodes.slice();
  nodes[indexOf(nodes, node.name)] = node;
  (home ?? children).nodes = nodes;
}

/** Adds a child under a name that is free, last in the list. `children` must be owned. */
export function addChild(children: Children, node: Node, generation: number): void {
  const { buckets } = children;
  if (buckets === undefined) children.nodes = [...children.nodes, node];
  else {
    const bucket = ownBucket(children, buckets, slotOf(buckets, node.name));
    bucket.nodes = [...bucket.nodes, node];
    bucket.orders = [...bucket.orders, children.nextOrder++];
  }
  children.count++;
  children.bytes += node.name.length + 1;
  children.generation = generation;
  children.list = undefined;
  if (children.count > (buckets?.length ?? 1) * BUCKET_CHILDREN) grow(children);
}

/** Removes a child if it is there. `children` must be owned. */
export function deleteChild(children: Children, name: string, generation: number): void {
  const { buckets } = children;
  const home = buckets && ownBucket(children, buckets, slotOf(buckets, name));
  const at = indexOf((home ?? children).nodes, name);
  if (at < 0) return;
  if (home !== undefined) home.orders = home.orders.toSpliced(at, 1);
  (home ?? children).nodes = (home ?? children).nodes.toSpliced(at, 1);
  children.count--;
  children.bytes -= name.length + 1;
  children.generation = generation;
  children.list = undefined;
}

/** In the order in which they came, as C xenstored lists them. */
export function childrenOf(children: Children | undefined): readonly Node[] {
  if (children?.buckets === undefined) return children?.nodes ?? NO_NODES;
  const all = children.buckets.flatMap(({ nodes, orders }) =>
    nodes.map((node, i) => ({ node, order: orders[i] as number })),
  );
  return all.sort((a, b) => a.order - b.order).map(({ node }) => node);
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
