/** An open transaction: a snapshot of the tree, and what was seen and changed in it. */

import type { Path } from './path.ts';
import type { Perms } from './perms.ts';
import type { Node, Tree } from './tree.ts';
import type { Value } from './value.ts';

/** What a reply depended on, beyond the node's existence and permissions. */
export const SAW_VALUE = 1;
export const SAW_CHILDREN = 2;

/** A node as the transaction first saw it, and what it did with it since. */
export interface Access {
  readonly path: Path;
  /** At first sight; undefined if there was no such node. */
  readonly before: Before | undefined;
  /** Bits SAW_*. */
  saw: number;
  /** Created, deleted, or given a value or a list; `after` is what became of it. */
  modified: boolean;
  after: Content | undefined;
  wroteValue: boolean;
  wrotePerms: boolean;
  /** Deleted at some time, even if created again. */
  deleted: boolean;
  /** The watch event to come at the commit. */
  fire: 'no' | 'exact' | 'subtree';
  /** The children that a reply listed, in order, once the snapshot that they were in is gone. */
  listed: readonly string[] | undefined;
}

/** What of a node a transaction can change. */
export interface Content {
  readonly value: Value;
  readonly perms: Perms;
}

export interface Before extends Content {
  readonly generation: number;
  readonly listGeneration: number;
}

export interface Transaction {
  readonly id: number;
  /** A snapshot with the transaction's changes, while it has one: see merge.ts. */
  tree: Tree | undefined;
  /** The store's root that the snapshot is of, and what its tree had copied by then. */
  base: Node | undefined;
  taken: number;
  /** By path, in order of first sight: the order of the events at the commit. */
  readonly accessed: Map<string, Access>;
  /** Nodes owned, by domid: what the commit adds. */
  readonly owned: Map<number, number>;
  createdNodes: boolean;
  /** A quota was hit inside: the commit answers ENOMEM. */
  failed: boolean;
  /**
   * Somebody changed what it has seen: the commit will answer EAGAIN. Until then it goes on to see
   * what it saw, and what it wrote.
   */
  doomed: boolean;
  /** Bytes charged to the connection's domain. */
  memory: number;
}

export function createTransaction(id: number): Transaction {
  return {
    id,
    tree: undefined,
    base: undefined,
    taken: 0,
    accessed: new Map(),
    owned: new Map(),
    createdNodes: false,
    failed: false,
    doomed: false,
    memory: 0,
  };
}

/** When the list of a node's children last changed; 0 if it never had any. */
export function listGeneration(node: Node): number {
  return node.children?.generation ?? 0;
}

export function createAccess(path: Path, node: Node | undefined): Access {
  const before = node && {
    generation: node.generation,
    listGeneration: listGeneration(node),
    value: node.value,
    perms: node.perms,
  };
  return {
    path,
    before,
    saw: 0,
    modified: false,
    after: undefined,
    wroteValue: false,
    wrotePerms: false,
    deleted: false,
    fire: 'no',
    listed: undefined,
  };
}

export function countOwned(tx: Transaction, domid: number, by: number): void {
  tx.owned.set(domid, (tx.owned.get(domid) ?? 0) + by);
}

/** Notes what a transaction made of a node: `after` is undefined if it deleted it. */
export function changed(access: Access, after: Content | undefined): void {
  access.modified = true;
  access.after = after && { value: after.value, perms: after.perms };
}
