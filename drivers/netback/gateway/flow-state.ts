/**
 * What becomes of a connection with each packet: its state, and how long it is kept. Sequence
 * numbers are not looked at: so a reset from without ends nothing at once, and what goes on after
 * it shows that it was a lie.
 */

import {
  PROTOCOL_ICMP,
  PROTOCOL_ICMP6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
} from '../../../shared/net/numbers.ts';
import {
  ICMP_S,
  OTHER_S,
  TCP_CLOSED_S,
  TCP_CLOSING_S,
  TCP_ESTABLISHED_S,
  TCP_OPENING_S,
  TCP_RESET_S,
  UDP_ANSWERED_S,
  UDP_OPENING_S,
} from './limits.ts';

/** Of TCP; other protocols have OPENING, and ESTABLISHED once they were answered. */
export const OPENING = 1;
export const ANSWERED = 2;
export const ESTABLISHED = 3;
/** The one that began it has ended its half, the other has, both have. */
export const FIN_FIRST = 4;
export const FIN_SECOND = 5;
export const CLOSED = 6;
/** By the one that began it, by the other. */
export const RESET_FIRST = 7;
export const RESET_SECOND = 8;
export const FLOW_STATE_MAX = RESET_SECOND;

/** Whether TCP may begin a connection with this. */
export const isOpening = (flags: number): boolean =>
  (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) === TCP_SYN;

/** Whether both directions were seen. */
export const wasAnswered = (state: number): boolean => state !== OPENING;

/** The state after a packet of the one that began it, or of the other. */
export function nextState(
  protocol: number,
  state: number,
  isFirst: boolean,
  flags: number,
): number {
  if (protocol === PROTOCOL_TCP) return nextTcp(state, isFirst, flags);
  return isFirst ? state : ESTABLISHED;
}

function nextTcp(state: number, isFirst: boolean, flags: number): number {
  if ((flags & TCP_RST) !== 0) {
    if (state === OPENING && isFirst) return OPENING;
    return isFirst ? RESET_FIRST : RESET_SECOND;
  }
  if ((flags & TCP_SYN) !== 0) return afterSyn(state, isFirst, flags);
  if ((flags & TCP_FIN) !== 0) return afterFin(state, isFirst);
  if (state === ANSWERED && isFirst) return ESTABLISHED;
  // Whose peer is said to have reset it goes on: nobody has.
  if (state === RESET_SECOND && isFirst) return ESTABLISHED;
  if (state === RESET_FIRST && isFirst) return ESTABLISHED;
  return state;
}

function afterSyn(state: number, isFirst: boolean, flags: number): number {
  if (!isFirst) return state === OPENING && (flags & TCP_ACK) !== 0 ? ANSWERED : state;
  // The same ports again, after the end.
  const isOver = state === CLOSED || state === RESET_FIRST || state === RESET_SECOND;
  return isOver && isOpening(flags) ? OPENING : state;
}

function afterFin(state: number, isFirst: boolean): number {
  if (state === OPENING || state >= CLOSED) return state;
  const own = isFirst ? FIN_FIRST : FIN_SECOND;
  const other = isFirst ? FIN_SECOND : FIN_FIRST;
  return state === other ? CLOSED : own;
}

/** How many seconds of quiet a connection in this state outlives. */
export function keptFor(protocol: number, state: number): number {
  switch (protocol) {
    case PROTOCOL_TCP:
      return tcpFor(state);
    case PROTOCOL_UDP:
      return state === OPENING ? UDP_OPENING_S : UDP_ANSWERED_S;
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMP6:
      return ICMP_S;
    default:
      return OTHER_S;
  }
}

function tcpFor(state: number): number {
  if (state === ESTABLISHED) return TCP_ESTABLISHED_S;
  if (state === FIN_FIRST || state === FIN_SECOND) return TCP_CLOSING_S;
  if (state === CLOSED) return TCP_CLOSED_S;
  return state >= RESET_FIRST ? TCP_RESET_S : TCP_OPENING_S;
}
