/** Replies and watch events, on their way into a connection's output. */

import { XENSTORE_PAYLOAD_MAX, XS_ERROR } from '../../../shared/abi/xs-wire.ts';
import { putLatin1 } from '../../../shared/core/bytes.ts';
import type { WireError } from '../../../shared/xenstore/errors.ts';
import { HEADER_SIZE } from '../../../shared/xenstore/wire.ts';
import { chargeTo, exceedsMemory } from './accounts.ts';
import type { Connection } from './connection.ts';
import type { Domain } from './domain.ts';
import { EVENT_COST, EVENTS_PER_WATCH, OUTPUT_PIECE, SMALL_REPLY } from './limits.ts';
import { beginEvent, beginPacket, fitsEvent, type Gone, noteReply } from './output.ts';
import type { Owed, Request, State } from './state.ts';
import { stir } from './state.ts';
import { putEvent } from './told.ts';
import { isWaiting } from './waiting-events.ts';

function settle(owed: Owed): void {
  if (owed.read && owed.events === 0) owed.domain.outstanding--;
}

/** What an unprivileged domain's request owes it: for a request that may cause events. */
export function owedBy(rq: Request): Owed | undefined {
  const { domain, privileged } = rq.connection;
  if (privileged || domain === undefined) return undefined;
  rq.owed ??= { domain, events: 0, read: false };
  return rq.owed;
}

/** What comes of packets once they were read or dropped. */
export function createGone(state: () => State): Gone {
  return {
    replies: (payer, bytes, plain, owed) => {
      payer.outstanding -= plain;
      chargeTo(state(), payer, -bytes);
      for (let i = 0; i < owed.length; i++) {
        const each = owed[i] as Owed;
        each.read = true;
        settle(each);
      }
    },
    event: (payer, owed, size) => {
      chargeTo(state(), payer, -size);
      if (owed === undefined) return;
      owed.events--;
      settle(owed);
    },
  };
}

/** Begins a reply of `length` bytes: where in the output's last piece they go. */
function begin(rq: Request, type: number, length: number): number {
  const { connection, state } = rq;
  const { output } = connection;
  if (!connection.stirred) stir(state, connection);
  const at = beginPacket(output, type, rq.reqId, rq.txId, length);
  const { payer } = output;
  if (payer === undefined) return at;
  payer.outstanding++;
  noteReply(output, HEADER_SIZE + length, rq.owed);
  chargeTo(state, payer, HEADER_SIZE + length);
  return at;
}

export function replyError(rq: Request, error: WireError): void {
  const at = begin(rq, XS_ERROR, error.length + 1);
  const { bytes } = rq.connection.output.last;
  bytes[putLatin1(bytes, at, error)] = 0;
}

/**
 * Begins a reply of `length` bytes: where in the output's last piece they go, or -1 if an error had
 * to be sent instead (E2BIG for what no packet holds, ENOMEM at the memory quota).
 */
export function beginReply(rq: Request, length: number): number {
  if (length > XENSTORE_PAYLOAD_MAX) {
    replyError(rq, 'E2BIG');
    return -1;
  }
  if (length > SMALL_REPLY && exceedsMemory(rq.connection.domain, length + 16)) {
    replyError(rq, 'ENOMEM');
    return -1;
  }
  return begin(rq, rq.type, length);
}

/** Sends the text as it is: most replies end it with a NUL. */
export function replyText(rq: Request, text: string): void {
  const at = beginReply(rq, text.length);
  if (at >= 0) putLatin1(rq.connection.output.last.bytes, at, text);
}

export function ack(rq: Request): void {
  replyText(rq, 'OK\0');
}

/** Events that an unprivileged domain may leave unread. */
export function eventsMax({ limits }: Domain): number {
  return limits.watches * EVENTS_PER_WATCH;
}

/** Whether any event can be queued for a connection; says so in the log when it no longer can. */
export function canHear(state: State, to: Connection): boolean {
  if (to.ignored) return false;
  const { domain, privileged, output } = to;
  if (privileged || domain === undefined) return true;
  const waiting = output.events.count;
  if (waiting < eventsMax(domain)) {
    if (waiting === 0) to.missesEvents = false;
    return true;
  }
  if (!to.missesEvents) {
    to.missesEvents = true;
    state.host.report(`domain ${domain.domid}: misses watch events: it does not read them`);
  }
  return false;
}

/**
 * Queues the event that `state.told` is addressed to say. Dropped if it fits no packet, if an equal
 * one waits (special events always go), if the reader is at one of its quotas or if there is no
 * memory: nobody can be told of an error.
 */
export function sendEvent(state: State, owed: Owed | undefined, to: Connection): void {
  const { told } = state;
  const { output, privileged, domain } = to;
  const length = told.path.length - told.from + told.token.length + 2;
  state.work++;
  if (length > XENSTORE_PAYLOAD_MAX) return;
  if (!canHear(state, to)) return;
  if (!told.special && isWaiting(output.events, told)) return;
  if (exceedsMemory(domain, length + 16, EVENT_COST)) return;
  if (!fitsEvent(output, length) && state.host.hasRoom?.(OUTPUT_PIECE) === false) return;
  stir(state, to);
  const expires = !privileged && state.eventTimeoutMs > 0;
  const deadlineMs = expires ? state.host.nowMs() + state.eventTimeoutMs : Number.POSITIVE_INFINITY;
  if (deadlineMs < state.dueMs) state.dueMs = deadlineMs;
  const at = beginEvent(output, length, told, deadlineMs, owed);
  putEvent(told, output.last.bytes, at);
  if (owed !== undefined) owed.events++;
  if (!privileged) chargeTo(state, domain, length + 16);
}
