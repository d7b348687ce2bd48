/** Calls of a client that have no answer yet, and the answers that come. */

import { type Failure, fail, ok, type Result } from '../core/result.ts';
import type { Clock } from '../platform/clock.ts';
import { type Contract, mayFailWith, type Op } from './contract.ts';
import type { Link } from './link.ts';
import type { Message } from './messages.ts';
import type { StreamQueue } from './stream.ts';

/** A call that has no answer yet. */
export interface Pending {
  readonly id: number;
  readonly name: string;
  readonly op: Op;
  readonly args: unknown;
  readonly dueMs: number;
  isSent: boolean;
  readonly queue: StreamQueue<unknown> | undefined;
  settle(result: Result<unknown>): void;
}

/** What a client knows of its calls and of its connection. */
export interface Calls {
  readonly clock: Clock;
  readonly contract: Contract;
  readonly pending: Map<number, Pending>;
  link: Link | undefined;
  /** The number of the last call. */
  lastId: number;
}

/** Tells the call's result, once. */
export function settle(calls: Calls, call: Pending, result: Result<unknown>): void {
  if (calls.pending.delete(call.id)) call.settle(result);
}

/** Sends it on the connection that there is. */
export function sendCall(calls: Calls, call: Pending): void {
  const { id, name, args, dueMs } = call;
  const ms = Math.max(1, Math.ceil(dueMs - calls.clock.nowMs()));
  call.isSent = true;
  const sent = calls.link?.send({ kind: 'call', id, op: name, args, ms });
  if (sent?.ok === false) settle(calls, call, sent);
}

/** A reply, an item, an end or a failure. What comes for a call that is over is too late. */
export function answered(calls: Calls, message: Message): Failure | undefined {
  const { kind } = message;
  if (kind !== 'reply' && kind !== 'failed' && kind !== 'item' && kind !== 'end') {
    return { errno: 'EPROTO', what: `${kind} from a service` };
  }
  const call = calls.pending.get(message.id);
  if (call === undefined) {
    const isLate = message.id <= calls.lastId;
    return isLate ? undefined : { errno: 'EPROTO', what: 'an answer to what nobody has asked' };
  }
  const wrong = (what: string): void =>
    settle(calls, call, fail('EPROTO', `${call.name}: the service's ${what}`));
  if (kind === 'failed') {
    const { errno, what } = message;
    if (mayFailWith(call.op, errno)) settle(calls, call, fail(errno, what));
    else wrong(`failure is ${errno}, which it never is: ${what}`);
  } else if (kind === 'reply' && 'reply' in call.op) {
    const read = call.op.reply.read(message.value, 'reply');
    if (read.ok) settle(calls, call, ok(read.value));
    else wrong(read.fault);
  } else if (kind === 'item' && 'item' in call.op) {
    const read = call.op.item.read(message.value, 'item');
    if (!read.ok) wrong(read.fault);
    else if (call.queue?.push(read.value) === false) {
      return { errno: 'EPROTO', what: `${call.name}: more items than were asked for` };
    }
  } else if (kind === 'end' && 'item' in call.op) settle(calls, call, ok());
  else return { errno: 'EPROTO', what: `${kind} in answer to ${call.name}` };
  return undefined;
}
