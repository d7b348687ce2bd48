/** Replies and watch events, on their way into a connection's output. */

import { XENSTORE_PAYLOAD_MAX, XS_ERROR, XS_WATCH_EVENT } from '../../../shared/abi/xs-wire.ts';
import type { WireError } from '../../../shared/xenstore/errors.ts';
import { putLatin1 } from '../../../shared/xenstore/wire.ts';
import { charge, exceedsMemory } from './accounts.ts';
import type { Connection } from './connection.ts';
import { SMALL_REPLY } from './limits.ts';
import type { Owed, Request, State } from './state.ts';
import { stir } from './state.ts';

function settle(owed: Owed): void {
  if (owed.read && owed.events === 0) owed.domain.outstanding--;
}

/** What an unprivileged domain's request owes it, once something is owed. */
export function owedBy(rq: Request): Owed | undefined {
  const { domain, privileged } = rq.connection;
  if (privileged || domain === undefined) return undefined;
  rq.owed ??= { domain, events: 0, read: false };
  return rq.owed;
}

function begin(rq: Request, type: number, length: number): number {
  const { connection, state, reqId, txId } = rq;
  const { output, domid } = connection;
  const owed = owedBy(rq);
  stir(state, connection);
  if (owed === undefined) return output.begin(type, reqId, txId, length);
  owed.domain.outstanding++;
  charge(state, domid, length + 16);
  return output.begin(type, reqId, txId, length, (size) => {
    charge(state, domid, -size);
    owed.read = true;
    settle(owed);
  });
}

export function replyError(rq: Request, error: WireError): void {
  const at = begin(rq, XS_ERROR, error.length + 1);
  const bytes = rq.connection.output.bytes();
  bytes[putLatin1(bytes, at, error)] = 0;
}

/**
 * Begins a reply of `length` bytes: the index in `connection.output.bytes()` where they go, or -1
 * if an error had to be sent instead (E2BIG for what no packet holds, ENOMEM at the memory
 * quota).
 */
export function beginReply(rq: Request, length: number): number {
  if (length > XENSTORE_PAYLOAD_MAX) {
    replyError(rq, 'E2BIG');
    return -1;
  }
  if (length > SMALL_REPLY && exceedsMemory(rq.state, rq.connection.domain, length + 16)) {
    replyError(rq, 'ENOMEM');
    return -1;
  }
  return begin(rq, rq.type, length);
}

export function replyBytes(rq: Request, payload: Uint8Array): void {
  const at = beginReply(rq, payload.length);
  if (at >= 0) rq.connection.output.bytes().set(payload, at);
}

/** Sends the text as it is: most replies end it with a NUL. */
export function replyText(rq: Request, text: string): void {
  const at = beginReply(rq, text.length);
  if (at >= 0) putLatin1(rq.connection.output.bytes(), at, text);
}

export function ack(rq: Request): void {
  replyText(rq, 'OK\0');
}

/**
 * Queues a watch event. Dropped if it fits no packet, if an equal one waits (special events always
 * go), or if the reader is at its memory quota: nobody can be told of an error.
 */
export function sendEvent(
  state: State,
  owed: Owed | undefined,
  to: Connection,
  path: string,
  token: string,
): void {
  const { output, domid, privileged } = to;
  const length = path.length + token.length + 2;
  if (length > XENSTORE_PAYLOAD_MAX || to.ignored) return;
  const event = `${path}\0${token}\0`;
  if (!path.startsWith('@') && output.hasEvent(event)) return;
  if (exceedsMemory(state, to.domain, length + 16)) return;
  stir(state, to);
  const at = output.begin(XS_WATCH_EVENT, 0, 0, length);
  putLatin1(output.bytes(), at, event);
  const expires = !privileged && state.eventTimeoutMs > 0;
  const deadlineMs = expires ? state.host.nowMs() + state.eventTimeoutMs : Number.POSITIVE_INFINITY;
  state.dueMs = Math.min(state.dueMs, deadlineMs);
  if (privileged && owed === undefined) {
    output.markEvent(event, deadlineMs, undefined);
    return;
  }
  if (owed !== undefined) owed.events++;
  if (!privileged) charge(state, domid, length + 16);
  output.markEvent(event, deadlineMs, (size) => {
    if (!privileged) charge(state, domid, -size);
    if (owed === undefined) return;
    owed.events--;
    settle(owed);
  });
}
