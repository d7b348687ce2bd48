/**
 * The children of a node, by name, shared by snapshots. Whoever writes owns an epoch; what carries
 * another epoch is copied first: all of a small directory, one small bucket of a large one.
 */

import { putLatin1 } from '../../../shared/core/bytes.ts';
import { BUCKET_CHILDREN } from './limits.ts';
import { type Listed, listedAs, upToDate, withName, withoutName } from './listed.ts';
import type { Node } from './tree.ts';

interface Bucket {
  readonly epoch: number;
  /** Never changed: replaced. */
  nodes: readonly Node[];
  /** When each came, by the directory's count. */
  orders: readonly number[];
}

/** What a large directory has instead of one list. */
interface Large {
  count: number;
  /** As many as a power of two. */
  buckets: Bucket[];
  nextOrder: number;
  /** The list on the wire, once asked for. */
  list: Listed | undefined;
}

/** There is one for every directory, and most are small: what only large ones need is apart. */
export interface Children {
  readonly epoch: number;
  /** The size of the list on the wire: every name and its NUL. */
  bytes: number;
  /** When a child last came or went, by the store's count. */
  generation: number;
  /** Of a small directory, in the order in which they came. Never changed: replaced. */
  nodes: readonly Node[];
  large: Large | undefined;
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
  const { large } = children;
  if (large === undefined) return children.nodes[indexOf(children.nodes, name)];
  const nodes = large.buckets[slotOf(large.buckets, name)]?.nodes;
  return nodes?.[indexOf(nodes, name)];
}

/** An empty directory, or a copy that `epoch` may write to and that shares what it can. */
export function ownChildren(children: Children | undefined, epoch: number): Children {
  if (children === undefined) {
    return { epoch, bytes: 0, generation: 0, nodes: NO_NODES, large: undefined };
  }
  if (children.epoch === epoch) return children;
  const { bytes, generation, nodes, large } = children;
  const own = large && { ...large, buckets: large.buckets.slice() };
  return { epoch, bytes, generation, nodes, large: own };
}

/** The bucket for `name`, as one that may be written to. */
function ownBucket(children: Children, { buckets }: Large, name: string): Bucket {
  const slot = slotOf(buckets, name);
  const bucket = buckets[slot] as Bucket;
  if (bucket.epoch === children.epoch) return bucket;
  const own = { epoch: children.epoch, nodes: bucket.nodes, orders: bucket.orders };
  buckets[slot] = own;
  return own;
}

/** Spreads the children over four times as many buckets, the first time over four. */
function grow(children: Children): void {
  const { epoch, large } = children;
  const old = large?.buckets ?? [
    { epoch, nodes: children.nodes, orders: children.nodes.map((_, i) => i) },
  ];
  const count = large?.count ?? children.nodes.length;
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
  children.large = { count, buckets, nextOrder: large?.nextOrder ?? count, list: large?.list };
}

/** Puts a copy of a child in its place. `children` must be owned. */
export function replaceChild(children: Children, node: Node): void {
  const { large } = children;
  const home = large === undefined ? children : ownBucket(children, large, node.name);
  const nodes = home.nodes.slice();
  nodes[indexOf(nodes, node.name)] = node;
  home.nodes = nodes;
}

/** Adds a child under a name that is free, last in the list. `children` must be owned. */
export function addChild(children: Children, node: Node, generation: number): void {
  const { large } = children;
  const home = large === undefined ? children : ownBucket(children, large, node.name);
  // Unlike a literal with a spread, this makes a list without room for more.
  home.nodes = home.nodes.concat(node);
  if (large !== undefined) {
    const bucket = home as Bucket;
    bucket.orders = bucket.orders.concat(large.nextOrder++);
    large.count++;
    large.list = withName(large.list, node.name);
  }
  children.bytes += node.name.length + 1;
  children.generation = generation;
  const count = large?.count ?? children.nodes.length;
  if (count > (large?.buckets.length ?? 1) * BUCKET_CHILDREN) grow(children);
}

/** Removes a child if it is there. `children` must be owned. */
export function deleteChild(children: Children, name: string, generation: number): void {
  const { large } = children;
  const home = large === undefined ? children : ownBucket(children, large, name);
  const at = indexOf(home.nodes, name);
  if (at < 0) return;
  home.nodes = home.nodes.toSpliced(at, 1);
  if (large !== undefined) {
    const bucket = home as Bucket;
    bucket.orders = bucket.orders.toSpliced(at, 1);
    large.count--;
    large.list = withoutName(large.list, name);
  }
  children.bytes -= name.length + 1;
  children.generation = generation;
}

/**
 * The nodes of a large directory in their order. Numbers are sorted, not pairs by a function: that
 * held everybody up ten times as long, and took ten times the memory meanwhile.
 */
function sorted({ count, buckets }: Large): Node[] {
  const nodes: Node[] = [];
  const keys = new Float64Array(count);
  // A power of two, so that the order and where the node lies come apart again exactly.
  const places = 2 ** Math.ceil(Math.log2(count));
  for (const { nodes: own, orders } of buckets) {
    for (let i = 0; i < own.length; i++) {
      keys[nodes.length] = (orders[i] as number) * places + nodes.length;
      nodes.push(own[i] as Node);
    }
  }
  keys.sort();
  return Array.from(keys, (key) => nodes[key - Math.floor(key / places) * places] as Node);
}

/** In the order in which they came, as C xenstored lists them. */
export function childrenOf(children: Children | undefined): readonly Node[] {
  if (children?.large === undefined) return children?.nodes ?? NO_NODES;
  return sorted(children.large);
}

const NOTHING = new Uint8Array(0);

/** Bytes of `childList`, which need not be made for them. */
export function childListSize(children: Children | undefined): number {
  return children?.bytes ?? 0;
}

function listOf(children: Children): Uint8Array {
  const list = new Uint8Array(children.bytes);
  let at = 0;
  for (const { name } of childrenOf(children)) at = putLatin1(list, at, name) + 1;
  return list;
}

/** The names as DIRECTORY sends them; of a large directory kept: not to be written to. */
export function childList(children: Children | undefined): Uint8Array {
  if (children === undefined || children.bytes === 0) return NOTHING;
  const { large, bytes } = children;
  if (large === undefined) return listOf(children);
  large.list = large.list ? upToDate(large.list, bytes) : listedAs(listOf(children));
  return large.list.bytes;
}
