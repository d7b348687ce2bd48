/** TRANSACTION_START and TRANSACTION_END. */

import type { WireError } from '../../../../shared/xenstore/errors.ts';
import { charge, existingDomain } from '../accounts.ts';
import { oneString } from '../arguments.ts';
import { chargeWriteOf } from '../changes.ts';
import type { Connection } from '../connection.ts';
import { type Changes, mayFanOut, sendAll } from '../fan-out.ts';
import type { Changed } from '../fire.ts';
import { HINT_TRANSACTIONS_MAX, REFRESH_NODES_MAX } from '../limits.ts';
import { commit, mayCommit } from '../merge.ts';
import { parentPath } from '../path.ts';
import { ack, owedBy, replyText } from '../reply.ts';
import type { Request, State } from '../state.ts';
import { limitsFor } from '../state.ts';
import type { Access, Transaction } from '../transaction.ts';
import { createTransaction } from '../transaction.ts';
import { lookup } from '../tree.ts';

/** What a node that a commit writes takes, with the list that it is in. */
const COMMIT_NODE_BYTES = 512;

export function transactionStart(rq: Request): WireError | undefined {
  const { connection, state } = rq;
  if (rq.transaction !== undefined) return 'EBUSY';
  const { transactions } = connection;
  if (!connection.privileged && transactions.size > limitsFor(state, connection).transactions) {
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

/** Paths remember where they led in its tree, and keep that alive: not for long. */
function forgetTree(state: State, tx: Transaction): void {
  state.endedTrees += 1 + (tx.accessed.size >>> 3);
  if (state.endedTrees < HINT_TRANSACTIONS_MAX) return;
  state.endedTrees = 0;
  state.paths.dropHints();
}

function close(state: State, connection: Connection, tx: Transaction): void {
  connection.transactions.delete(tx.id);
  state.snapshots.delete(tx);
  state.openTransactions--;
  charge(state, connection.domid, -tx.memory);
  if (connection.domain !== undefined) connection.domain.accesses -= tx.accessed.size;
  forgetTree(state, tx);
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
    if (limited && domain.nodes + by >= domain.limits.nodes) return 'ENOSPC';
  }
  return undefined;
}

/**
 * What the commit will tell of, in the order in which the transaction first saw it. Like C, which
 * writes node by node, it judges each event by the nodes up to there: a parent that comes later
 * still is what it was.
 */
function commitChanges(state: State, tx: Transaction): Changes {
  return (at) => {
    const written = new Set<Access>();
    for (const access of tx.accessed.values()) {
      const { path, before, after, modified, fire: how } = access;
      written.add(access);
      if (how === 'no') continue;
      const judge = (): Changed => {
        const above = parentPath(path);
        const other = tx.accessed.get(above.text);
        const parentNow = written.has(other as Access) ? other?.after : other?.before;
        const parent = other?.modified ? parentNow : lookup(state.tree, above);
        return { node: modified ? after : lookup(state.tree, path), parent, old: before };
      };
      if (!at(path, how === 'exact', judge)) return;
    }
  };
}

/** About what a large commit takes while both trees are there. */
function commitBytes({ accessed }: Transaction): number {
  return accessed.size > REFRESH_NODES_MAX ? accessed.size * COMMIT_NODE_BYTES : 0;
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
    if (!mayCommit(state, transaction)) return 'EAGAIN';
    const told = mayFanOut(rq, commitChanges(state, transaction), commitBytes(transaction));
    if (typeof told === 'string') return told;
    commit(state, transaction);
    sendAll(state, owedBy(rq), told);
    if (!alone) chargeWriteOf(state, connection, 1);
  }
  ack(rq);
  return undefined;
}
