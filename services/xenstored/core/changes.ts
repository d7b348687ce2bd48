/** How requests change nodes: checked against every quota first, then done as a whole. */

import type { WireError } from '../../../shared/xenstore/errors.ts';
import { accessTo, see, treeOf } from './access.ts';
import { charge, countNodes, exceedsMemory, sizeOf, weightOf } from './accounts.ts';
import type { Connection } from './connection.ts';
import { NODE_COST } from './limits.ts';
import type { Path } from './path.ts';
import { parentPath } from './path.ts';
import type { Perms } from './perms.ts';
import { ownerOf, withOwner } from './perms.ts';
import type { Request, State } from './state.ts';
import { limitsFor, nextGeneration } from './state.ts';
import { changed, countOwned } from './transaction.ts';
import type { Node } from './tree.ts';
import { createNode, edit, insert } from './tree.ts';
import type { Value } from './value.ts';

/** Takes credit from an unprivileged domain for writing that many nodes. */
export function chargeWriteOf(state: State, connection: Connection, nodes: number): void {
  const { domain } = connection;
  if (domain === undefined || domain.privileged) return;
  if (state.writeRate.charge(domain.credit, nodes) && !domain.credit.logged) {
    domain.credit.logged = true;
    state.host.report(`domain ${domain.domid}: writes faster than the rate limit`);
  }
}

/**
 * Writing outside a transaction costs credit while transactions are open, inside one at its
 * commit.
 */
export function chargeWrite(rq: Request, nodes: number): void {
  const { state, connection, transaction } = rq;
  if (transaction === undefined && state.openTransactions > 0) {
    chargeWriteOf(state, connection, nodes);
  }
}

/**
 * ENOSPC for a node that an unprivileged domain may not make this large; that fails a
 * transaction.
 */
function checkSize(rq: Request, size: number): WireError | undefined {
  if (rq.connection.privileged) return undefined;
  if (size < limitsFor(rq.state, rq.connection).nodeSize) return undefined;
  if (rq.transaction !== undefined) rq.transaction.failed = true;
  return 'ENOSPC';
}

/** ENOMEM when an unprivileged domain is at its memory quota; that fails a transaction. */
function checkMemory(rq: Request, bytes: number, overhead = 0): WireError | undefined {
  if (bytes <= 0) return undefined;
  if (!exceedsMemory(rq.connection.domain, bytes, overhead)) return undefined;
  if (rq.transaction !== undefined) rq.transaction.failed = true;
  return 'ENOMEM';
}

/** Adds to the memory of a node's owner, or of the connection for a node of a transaction. */
export function weigh(rq: Request, owner: number, bytes: number): void {
  const { transaction, state, connection } = rq;
  if (transaction === undefined) charge(state, owner, bytes);
  else {
    transaction.memory += bytes;
    charge(state, connection.domid, bytes);
  }
}

/** The nodes missing on the way to `path`, the last first, and the one above them that exists. */
function missingTo(rq: Request, path: Path): { missing: Path[]; parent: Node } | WireError {
  const missing = [path];
  for (let above = parentPath(path); ; above = parentPath(above)) {
    const parent = see(rq, above, 0);
    if (typeof parent !== 'string') return { missing, parent };
    if (parent !== 'ENOENT' || above.parts.length === 0) return parent;
    missing.push(above);
  }
}

function checkCreation(
  rq: Request,
  missing: readonly Path[],
  parent: Node,
  perms: Perms,
  valueSize: number,
): WireError | undefined {
  const { connection, transaction } = rq;
  const { domain, privileged } = connection;
  if (privileged || domain === undefined) return undefined;
  const most = domain.limits.nodes;
  let memory = 0;
  let childBytes = 0;
  for (let i = 0; i < missing.length; i++) {
    if (domain.nodes + (transaction === undefined ? i : 0) >= most) return 'ENOSPC';
    const size = sizeOf(i === 0 ? valueSize : 0, perms.entries.length, childBytes);
    const error = checkSize(rq, size);
    if (error !== undefined) return error;
    const { text, parts } = missing[i] as Path;
    memory += size + text.length;
    childBytes = (parts.at(-1) as string).length + 1;
  }
  const list = (parent.children?.bytes ?? 0) + childBytes;
  const error = checkSize(rq, sizeOf(parent.value.length, parent.perms.entries.length, list));
  return error ?? checkMemory(rq, memory, missing.length * NODE_COST);
}

/**
 * Creates a node and what is missing above it. New nodes inherit; an unprivileged creator owns
 * them.
 */
export function create(rq: Request, path: Path, value: Value): WireError | undefined {
  const { state, connection, transaction } = rq;
  const way = missingTo(rq, path);
  if (typeof way === 'string') return way;
  const { missing, parent } = way;
  const perms = connection.privileged ? parent.perms : withOwner(parent.perms, connection.domid);
  if (transaction !== undefined) transaction.createdNodes = true;
  const error = checkCreation(rq, missing, parent, perms, value.length);
  if (error !== undefined) return error;

  const tree = treeOf(rq);
  const owner = ownerOf(perms);
  const parentOwner = ownerOf(parent.perms);
  for (let i = missing.length - 1; i >= 0; i--) {
    const at = missing[i] as Path;
    const generation = nextGeneration(state);
    const node = createNode(tree.epoch, at, generation, i === 0 ? value : '', perms);
    insert(tree, at, node, generation);
    const nameBytes = (at.parts.at(-1) as string).length + 1;
    weigh(rq, i === missing.length - 1 ? parentOwner : owner, nameBytes);
    weigh(rq, owner, weightOf(at.text.length, node));
    const access = accessTo(rq, at);
    if (access !== undefined) changed(access, node);
  }
  chargeWrite(rq, missing.length + 1);
  if (transaction === undefined) countNodes(state, owner, missing.length);
  else countOwned(transaction, owner, missing.length);
  return undefined;
}

/** Gives an existing node a new value. */
export function writeValue(
  rq: Request,
  path: Path,
  node: Node,
  value: Value,
): WireError | undefined {
  const { state } = rq;
  const childBytes = node.children?.bytes ?? 0;
  const more = value.length - node.value.length;
  const error =
    checkSize(rq, sizeOf(value.length, node.perms.entries.length, childBytes)) ??
    checkMemory(rq, more);
  if (error !== undefined) return error;
  const own = edit(treeOf(rq), path);
  own.generation = nextGeneration(state);
  own.value = value;
  weigh(rq, ownerOf(own.perms), more);
  const access = accessTo(rq, path);
  if (access !== undefined) {
    changed(access, own);
    access.wroteValue = true;
  }
  chargeWrite(rq, 1);
  return undefined;
}

/** Gives an existing node a new list; its account moves to a new owner. */
export function writePerms(
  rq: Request,
  path: Path,
  node: Node,
  perms: Perms,
): WireError | undefined {
  const { state, transaction } = rq;
  const childBytes = node.children?.bytes ?? 0;
  const more = perms.entries.length - node.perms.entries.length;
  const error =
    checkSize(rq, sizeOf(node.value.length, perms.entries.length, childBytes)) ??
    checkMemory(rq, more * 8);
  if (error !== undefined) return error;
  const own = edit(treeOf(rq), path);
  const before = ownerOf(own.perms);
  weigh(rq, before, -weightOf(path.text.length, own));
  own.perms = perms;
  own.generation = nextGeneration(state);
  weigh(rq, ownerOf(perms), weightOf(path.text.length, own));
  const access = accessTo(rq, path);
  if (access !== undefined) {
    changed(access, own);
    access.wrotePerms = true;
  }
  if (transaction === undefined) {
    countNodes(state, before, -1);
    countNodes(state, ownerOf(perms), 1);
  } else {
    countOwned(transaction, before, -1);
    countOwned(transaction, ownerOf(perms), 1);
  }
  chargeWrite(rq, 1);
  return undefined;
}
