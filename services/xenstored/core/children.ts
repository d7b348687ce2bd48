/**
 * The children of a node: a map from name to node that snapshots share. Whoever writes owns an
 * epoch; what carries another epoch is copied first, one bucket of it, never the whole of a large
 * directory.
 */

import { BUCKET_CHILDREN } from './limits.ts';
import type { Node } from './tree.ts';

interface Bucket {
  epoch: number;
  readonly map: Map<string, Node>;
}

export interface Children {
  readonly epoch: number;
  count: number;
  /** The size of the list on the wire: every name and its NUL. */
  bytes: number;
  /** A power of two. Small directories have one bucket, in order of creation. */
  buckets: Bucket[];
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

export function getChild(children: Children, name: string): Node | undefined {
  return children.buckets[bucketOf(children, name)]?.map.get(name);
}

/** An empty directory, or a copy that `epoch` may write to and that shares every bucket. */
export function ownChildren(children: Children | undefined, epoch: number): Children {
  if (children === undefined) {
    const bucket = { epoch, map: new Map<string, Node>() };
    return { epoch, count: 0, bytes: 0, buckets: [bucket], list: undefined };
  }
  if (children.epoch === epoch) return children;
  const { count, bytes, buckets, list } = children;
  return { epoch, count, bytes, buckets: buckets.slice(), list };
}

function ownBucket(children: Children, index: number): Map<string, Node> {
  const bucket = children.buckets[index] as Bucket;
  if (bucket.epoch === children.epoch) return bucket.map;
  const own = { epoch: children.epoch, map: new Map(bucket.map) };
  children.buckets[index] = own;
  return own.map;
}

function grow(children: Children): void {
  const old = children.buckets;
  const { epoch } = children;
  children.buckets = Array.from({ length: old.length * 4 }, () => ({ epoch, map: new Map() }));
  for (const { map } of old) {
    for (const [name, node] of map) {
      children.buckets[bucketOf(children, name)]?.map.set(name, node);
    }
  }
}

/** Adds a child or replaces it. `children` must be owned. */
export function setChild(children: Children, name: string, node: Node): void {
  const map = ownBucket(children, bucketOf(children, name));
  const before = map.size;
  map.set(name, node);
  if (map.size === before) return;
  children.count++;
  children.bytes += name.length + 1;
  children.list = undefined;
  if (children.count > children.buckets.length * BUCKET_CHILDREN * 2) grow(children);
}

/** Removes a child if it is there. `children` must be owned. */
export function deleteChild(children: Children, name: string): void {
  if (!ownBucket(children, bucketOf(children, name)).delete(name)) return;
  children.count--;
  children.bytes -= name.length + 1;
  children.list = undefined;
}

export function* eachChild(children: Children | undefined): Generator<[string, Node]> {
  if (children === undefined) return;
  for (const { map } of children.buckets) yield* map;
}

const NOTHING = new Uint8Array(0);

/** The names as DIRECTORY sends them. Kept until one comes or goes; not to be written to. */
export function childList(children: Children | undefined): Uint8Array {
  if (children === undefined || children.count === 0) return NOTHING;
  if (children.list !== undefined) return children.list;
  const list = new Uint8Array(children.bytes);
  let at = 0;
  for (const { map } of children.buckets) {
    for (const name of map.keys()) {
      for (let i = 0; i < name.length; i++) list[at++] = name.charCodeAt(i);
      at++;
    }
  }
  children.list = list;
  return list;
}
