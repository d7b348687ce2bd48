/** A packet and its connection: what rules are told of it, and what they say. */

import {
  PROTOCOL_ICMP,
  PROTOCOL_ICMP6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../../shared/net/numbers.ts';
import { type Facts, STATE_ESTABLISHED, STATE_INVALID, STATE_NEW } from '../rules/facts.ts';
import { isAllowed } from '../rules/match.ts';
import { isOpening, wasAnswered } from './flow-state.ts';
import { type FlowKey, type Flows, findWithin, isFromRemote, stateOf } from './flow-table.ts';
import { isLive } from './flows.ts';
import type { Gate } from './gate.ts';

/** Whether connections are told apart by ports, or by an echo's identifier. */
export const hasPorts = (facts: Facts): boolean =>
  facts.protocol === PROTOCOL_TCP || facts.protocol === PROTOCOL_UDP;
export const isEcho = (facts: Facts): boolean =>
  (facts.protocol === PROTOCOL_ICMP || facts.protocol === PROTOCOL_ICMP6) && facts.sourcePort >= 0;

/** The key of the packet's connection, where its source is the inner end, or its target. */
export function putKey(key: FlowKey, facts: Facts, isFromWithin: boolean): void {
  key.family = facts.family;
  key.protocol = facts.protocol;
  const { inner, remote } = key;
  for (let i = 0; i < 4; i++) {
    inner[i] = (isFromWithin ? facts.source[i] : facts.target[i]) as number;
    remote[i] = (isFromWithin ? facts.target[i] : facts.source[i]) as number;
  }
  key.innerPort = 0;
  key.remotePort = 0;
  if (hasPorts(facts)) {
    key.innerPort = isFromWithin ? facts.sourcePort : facts.targetPort;
    key.remotePort = isFromWithin ? facts.targetPort : facts.sourcePort;
  } else if (isEcho(facts)) key.innerPort = facts.sourcePort;
}

/** The connection with this key; -1: none. */
export function liveFlow(flows: Flows, key: FlowKey): number {
  const entry = findWithin(flows, key);
  return isLive(flows, entry) ? entry : -1;
}

/** Says in the facts how the packet belongs to the connection, if there is one. */
export function putState(
  flows: Flows,
  entry: number,
  facts: Facts,
  isFromWithin: boolean,
  tcpFlags: number,
): void {
  if (entry >= 0) {
    const isFirst = isFromWithin !== isFromRemote(flows, entry);
    const isNew = isFirst && !wasAnswered(stateOf(flows, entry));
    facts.state = isNew ? STATE_NEW : STATE_ESTABLISHED;
  } else if (facts.protocol === PROTOCOL_TCP && !isOpening(tcpFlags)) facts.state = STATE_INVALID;
  else facts.state = STATE_NEW;
}

/** What rules say; without rules all may pass. */
export function mayPass({ rules, facts }: Pick<Gate, 'rules' | 'facts'>, bytes: number): boolean {
  return rules === undefined || isAllowed(rules, facts, bytes);
}
