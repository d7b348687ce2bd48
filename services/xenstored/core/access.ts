/**
 * How requests look at nodes: through their transaction if they have one, with permission, and
 * with errors that do not tell a guest what it may not know (xenstored_core.c get_node @
 * RELEASE-4.17.7).
 */

import type { WireError } from '../../../shared/xenstore/errors.ts';
import { charge, exceedsMemory, weightOf } from './accounts.ts';
import { ACCESS_COST } from './limits.ts';
import { snapshot } from './merge.ts';
import type { Path } from './path.ts';
import { parentPath } from './path.ts';
import { allowed } from './perms.ts';
import { limitsFor, type Request } from './state.ts';
import type { Access, Transaction } from './transaction.ts';
import { createAccess } from './transaction.ts';
import type { Node, Tree } from './tree.ts';
import { lookup } from './tree.ts';

/** The tree that a request works on: its transaction's, or the store's. */
export function treeOf(rq: Request): Tree {
  const { transaction, state } = rq;
  return transaction === undefined ? state.tree : snapshot(state, transaction);
}

/**
 * Notes that a transaction looks at a node, for the first time perhaps; ENOSPC beyond its quota.
 */
function note(rq: Request, tx: Transaction, path: Path): Access | 'ENOSPC' {
  const { state, connection } = rq;
  const known = tx.accessed.get(path.text);
  if (known !== undefined) return known;
  const most = limitsFor(state, connection).transactionNodes;
  const isFull = !connection.privileged && tx.accessed.size >= most;
  const node = lookup(snapshot(state, tx), path);
  const weight = node === undefined ? 0 : weightOf(path.text.length, node);
  // Whoever looks at much in one transaction fills the memory, too.
  const isHeavy = exceedsMemory(connection.domain, 0, ACCESS_COST);
  if (isFull || isHeavy || state.host.hasRoom?.() === false) {
    tx.failed = true;
    return 'ENOSPC';
  }
  const access = createAccess(path, node);
  tx.accessed.set(path.text, access);
  if (connection.domain !== undefined) connection.domain.accesses++;
  tx.memory += weight;
  charge(state, connection.domid, weight);
  return access;
}

/** The node, or ENOENT, or the quota's ENOSPC; `saw` says what of it will matter (SAW_*). */
export function see(rq: Request, path: Path, saw: number): Node | WireError {
  const { transaction, state } = rq;
  if (transaction === undefined) return lookup(state.tree, path) ?? 'ENOENT';
  const access = note(rq, transaction, path);
  if (typeof access === 'string') return access;
  access.saw |= saw;
  return lookup(snapshot(state, transaction), path) ?? 'ENOENT';
}

/** What a transaction notes of a node that it has seen. */
export function accessTo(rq: Request, path: Path): Access | undefined {
  return rq.transaction?.accessed.get(path.text);
}

/**
 * The error to answer with: `error` itself only if the nearest node above that exists grants any of
 * `bits`, else EACCES, so that nobody learns what exists where he may not look.
 */
function mayHear(rq: Request, path: Path, error: WireError, bits: number): WireError {
  const { connection, state, transaction } = rq;
  if (connection.privileged && transaction === undefined) return error;
  let above = path;
  for (;;) {
    above = parentPath(above);
    const node = see(rq, above, 0);
    if (typeof node !== 'string') {
      const granted = allowed(connection, node.perms, state.isFresh);
      return (granted & bits) !== 0 ? error : 'EACCES';
    }
    if (node === 'ENOSPC') return node;
  }
}

/** The node if the connection has all of `bits` on it, else the error to answer with. */
export function get(rq: Request, path: Path, bits: number, saw: number): Node | WireError {
  const { connection, state, transaction } = rq;
  const node =
    transaction === undefined ? (lookup(state.tree, path) ?? 'ENOENT') : see(rq, path, saw);
  if (typeof node === 'string') return node === 'ENOSPC' ? node : mayHear(rq, path, node, bits);
  if (connection.privileged) return node;
  const granted = allowed(connection, node.perms, state.isFresh);
  return (granted & bits) === bits ? node : mayHear(rq, path, 'EACCES', bits);
}
