/** Replies and watch events, on their way into a connection's output. */

import { XENSTORE_PAYLOAD_MAX, XS_ERROR } from '../../../shared/abi/xs-wire.ts';
import type { WireError } from '../../../shared/xenstore/errors.ts';
import { putLatin1 } from '../../../shared/xenstore/wire.ts';
import { chargeTo, exceedsMemory } from './accounts.ts';
import type { Connection } from './connection.ts';
import type { Domain } from './domain.ts';
import { EVENT_COST, EVENTS_PER_WATCH, OUTPUT_PIECE, SMALL_REPLY } from './limits.ts';
import { beginEvent, beginPacket, fitsEvent, type Gone, packetBytes } from './output.ts';
import type { Owed, Request, State } from './state.ts';
import { stir } from './state.ts';
import { putEvent } from './told.ts';
import { isWaiting } from './waiting-events.ts';

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

/** What comes of packets once they were read or dropped. */
export function createGone(state: () => State): Gone {
  return {
    reply: (payer, owed, size) => {
      chargeTo(state(), payer, -size);
      owed.read = true;
      settle(owed);
    },
    event: (payer, owed, size) => {
      chargeTo(state(), payer, -size);
      if (owed === undefined) return;
      owed.events--;
      settle(owed);
    },
  };
}

function begin(rq: Request, type: number, length: number): number {
  const { connection, state, reqId, txId } = rq;
  const { output, domain } = connection;
  const owed = owedBy(rq);
  stir(state, connection);
  if (owed !== undefined) {
    owed.domain.outstanding++;
    chargeTo(state, domain, length + 16);
  }
  return beginPacket(output, type, reqId, txId, length, owed);
}

export function replyError(rq: Request, error: WireError): void {
  const at = begin(rq, XS_ERROR, error.length + 1);
  const bytes = packetBytes(rq.connection.output);
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

/** Sends the text as it is: most replies end it with a NUL. */
export function replyText(rq: Request, text: string): void {
  const at = beginReply(rq, text.length);
  if (at >= 0) putLatin1(packetBytes(rq.connection.output), at, text);
}

export function ack(rq: Request): void {
  replyText(rq, 'OK\0');
}

/** Events that an unprivileged domain may leave unread. */
export function eventsMax(state: State, domain: Domain): number {
  const watches = domain.ownQuotas.watches ?? state.quotas.watches;
  return watches === 0 ? Number.POSITIVE_INFINITY : watches * EVENTS_PER_WATCH;
}

/** Whether any event can be queued for a connection; says so in the log when it no longer can. */
export function canHear(state: State, to: Connection): boolean {
  if (to.ignored) return false;
  const { domain, privileged, output } = to;
  if (privileged || domain === undefined) return true;
  const waiting = output.events.count;
  if (waiting < eventsMax(state, domain)) {
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
  if (exceedsMemory(state, domain, length + 16, EVENT_COST)) return;
  if (!fitsEvent(output, length) && state.host.hasRoom?.(OUTPUT_PIECE) === false) return;
  stir(state, to);
  const expires = !privileged && state.eventTimeoutMs > 0;
  const deadlineMs = expires ? state.host.nowMs() + state.eventTimeoutMs : Number.POSITIVE_INFINITY;
  if (deadlineMs < state.dueMs) state.dueMs = deadlineMs;
  const at = beginEvent(output, length, told, deadlineMs, owed);
  putEvent(told, packetBytes(output), at);
  if (owed !== undefined) owed.events++;
  if (!privileged) chargeTo(state, domain, length + 16);
}
