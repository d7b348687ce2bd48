/** Transactions of the client: begun, run, committed, and run again when they conflict. */

import { XS_TRANSACTION_END, XS_TRANSACTION_START } from '../abi/xs-wire.ts';
import type { Result } from '../core/result.ts';
import { fail } from '../core/result.ts';
import type { Nodes } from './nodes.ts';
import { createNodes } from './nodes.ts';
import type { Requests } from './requests.ts';
import { firstString } from './strings.ts';

export interface TransactionOptions {
  /** How often the body may run, at least once. */
  readonly attempts?: number;
}

/** Conflicts in a row that no honest load causes. */
const ATTEMPTS = 64;

async function start(requests: Requests): Promise<Result<number>> {
  const reply = await requests.call(XS_TRANSACTION_START, 0, 'transaction', '\0');
  if (!reply.ok) return reply;
  const text = firstString(reply.value);
  const id = Number(text);
  if (!/^[0-9]+$/.test(text) || id === 0 || id > 0xffffffff) {
    return fail('EPROTO', `transaction: the store calls it '${text}'`);
  }
  return { ok: true, value: id };
}

/** See XenstoreClient.transaction. */
export async function runTransaction<T>(
  requests: Requests,
  body: (tx: Nodes) => Promise<Result<T>>,
  options: TransactionOptions = {},
): Promise<Result<T>> {
  const attempts = Math.max(1, options.attempts ?? ATTEMPTS);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const id = await start(requests);
    if (!id.ok) return id;
    const end = (how: 'T' | 'F') =>
      requests.call(XS_TRANSACTION_END, id.value, 'transaction', `${how}\0`);
    let commit = false;
    try {
      const result = await body(createNodes(requests, id.value));
      if (!result.ok) return result;
      commit = true;
      const ended = await end('T');
      if (ended.ok) return result;
      if (ended.error.errno !== 'EAGAIN') return ended;
    } finally {
      if (!commit) await end('F');
    }
  }
  return fail('EAGAIN', `transaction: in conflict ${attempts} times in a row`);
}
