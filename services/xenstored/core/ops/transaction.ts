/** TRANSACTION_START and TRANSACTION_END. */

import type { WireError } from '../../../../shared/xenstore/errors.ts';
import { charge, existingDomain } from '../accounts.ts';
import { oneString } from '../arguments.ts';
import { chargeWriteOf } from '../changes.ts';
import type { Connection } from '../connection.ts';
import { fire } from '../fire.ts';
import { commit } from '../merge.ts';
import { parentPath } from '../path.ts';
import { ack, owedBy, replyText } from '../reply.ts';
import type { Request, State } from '../state.ts';
import { limitOf, quotaOf } from '../state.ts';
import type { Access, Transaction } from '../transaction.ts';
import { createTransaction } from '../transaction.ts';
import { lookup } from '../tree.ts';

export function transactionStart(rq: Request): WireError | undefined {
  const { connection, state } = rq;
  if (rq.transaction !== undefined) return 'EBUSY';
  const { transactions } = connection;
  if (!connection.privileged && transactions.size > quotaOf(state, connection, 'transactions')) {
    return 'ENOSPC';
  }
  do connection.nextTransaction = (connection.nextTransaction + 1) >>> 0;
  while (connection.nextTransaction === 0 || transactions.has(connection.nextTransaction));
  const id = connection.nextTransaction;
  transactions.set(id, createTransaction(id));
  state.openTransactions++;
  replyText(rq, `${id}\0`);
  return undefined;
}

function close(state: State, connection: Connection, tx: Transaction): void {
  connection.transactions.delete(tx.id);
  state.snapshots.delete(tx);
  state.openTransactions--;
  charge(state, connection.domid, -tx.memory);
}

export function dropTransactions(state: State, connection: Connection): void {
  for (const tx of connection.transactions.values()) close(state, connection, tx);
}

/** What the numbers of nodes after the commit speak against, if anything. */
function checkOwners(rq: Request, tx: Transaction): WireError | undefined {
  const { state, connection } = rq;
  for (const [domid, by] of tx.owned) {
    const domain = existingDomain(state, domid);
    if (domain === undefined) return 'ENOMEM';
    const limited = tx.createdNodes && !connection.privileged && !domain.privileged;
    const most = limitOf(state, domain, 'nodes');
    if (limited && domain.nodes + by >= most) return 'ENOSPC';
  }
  return undefined;
}

/**
 * Fires for what the commit changed, in the order in which the transaction first saw it. Like C,
 * which writes node by node, it judges each event by the nodes up to there: a parent that comes
 * later still is what it was.
 */
function announce(rq: Request, tx: Transaction): void {
  const { state } = rq;
  const written = new Set<Access>();
  for (const access of tx.accessed.values()) {
    const { path, before, fire: how } = access;
    written.add(access);
    if (how === 'no' || !state.watches.mayMatch(path)) continue;
    const above = parentPath(path);
    const later = tx.accessed.get(above.text);
    const parent =
      later?.modified && !written.has(later) ? later.before : lookup(state.tree, above);
    const node = lookup(state.tree, path);
    fire(state, owedBy(rq), { path, node, parent, old: before, exact: how === 'exact' });
  }
}

export function transactionEnd(rq: Request): WireError | undefined {
  const { connection, state, transaction } = rq;
  const how = oneString(rq);
  if (how !== 'T' && how !== 'F') return 'EINVAL';
  if (transaction === undefined) return 'ENOENT';
  const alone = state.openTransactions === 1;
  close(state, connection, transaction);
  if (how === 'T') {
    if (transaction.failed) return 'ENOMEM';
    const error = checkOwners(rq, transaction);
    if (error !== undefined) return error;
    if (!commit(state, transaction)) return 'EAGAIN';
    announce(rq, transaction);
    if (!alone) chargeWriteOf(state, connection, 1);
  }
  ack(rq);
  return undefined;
}
