/** The life of connections: they begin, go on with each packet, and end. */

import { free, giveEntry, headOf, publish, takeEntry, wordAt } from '../state/table.ts';
import { keptFor, nextState, OPENING } from './flow-state.ts';
import {
  type FlowKey,
  type Flows,
  FROM_REMOTE,
  headFor,
  INNER,
  isFromRemote,
  link,
  OUTER,
  OWNER,
  PORTS,
  protocolOf,
  REMOTE,
  STATE,
  TRANSLATED,
  UNTIL,
  unlink,
} from './flow-table.ts';
import { FLOWS_FEW, FLOWS_PER_PORT, FLOWS_RESERVED, FLOWS_SWEPT } from './limits.ts';

/** A connection that may be used: what is over is ended. */
export function isLive(flows: Flows, entry: number): boolean {
  if (entry < 0) return false;
  const { table, nowS } = flows;
  if ((table.memory[wordAt(table, entry) + UNTIL] as number) >= nowS) return true;
  endFlow(flows, entry);
  return false;
}

/**
 * Begins a connection that is not there. `outerPort` is 0 where nothing is translated. -1: there
 * are too many.
 */
export function beginFlow(
  flows: Flows,
  key: FlowKey,
  ownerId: number,
  port: number,
  outerPort: number,
  isFromRemote: boolean,
): number {
  const { counts } = flows;
  const most = flows.free.count > FLOWS_RESERVED ? FLOWS_PER_PORT : FLOWS_FEW;
  const isFull = (counts[port] as number) >= most;
  const entry = isFull ? -1 : takeEntry(flows.free);
  if (entry < 0) {
    flows.refused++;
    return -1;
  }
  const { table } = flows;
  const { memory } = table;
  const at = wordAt(table, entry);
  for (let i = 0; i < 4; i++) {
    memory[at + INNER + i] = key.inner[i] as number;
    memory[at + REMOTE + i] = key.remote[i] as number;
  }
  memory[at + PORTS] = (key.innerPort << 16) | key.remotePort;
  const flags = (outerPort === 0 ? 0 : TRANSLATED) | (isFromRemote ? FROM_REMOTE : 0);
  memory[at + OUTER] = (outerPort << 16) | flags;
  memory[at + OWNER] = ownerId | 0;
  memory[at + STATE] = OPENING;
  memory[at + UNTIL] = flows.nowS + keptFor(key.protocol, OPENING);
  publish(table, entry, headFor(key.family, key.protocol, key.zone));
  flows.ports[entry] = port;
  counts[port] = (counts[port] as number) + 1;
  link(flows, entry, key);
  return entry;
}

export function endFlow(flows: Flows, entry: number): void {
  unlink(flows, entry, flows.scratch);
  free(flows.table, entry);
  const port = flows.ports[entry] as number;
  if (port >= 0) flows.counts[port] = (flows.counts[port] as number) - 1;
  flows.ports[entry] = -1;
  giveEntry(flows.free, entry);
}

/** A packet of it has passed: from within or from without. */
export function noteFlow(flows: Flows, entry: number, isFromWithin: boolean, flags: number): void {
  const { table } = flows;
  const { memory } = table;
  const at = wordAt(table, entry);
  const protocol = protocolOf(memory[at] as number);
  const isFirst = isFromWithin !== isFromRemote(flows, entry);
  const state = nextState(protocol, memory[at + STATE] as number, isFirst, flags);
  memory[at + STATE] = state;
  memory[at + UNTIL] = flows.nowS + keptFor(protocol, state);
}

/** Ends what is over, a part of the table at a time. */
export function sweepFlows(flows: Flows): void {
  const { table } = flows;
  for (let i = 0; i < FLOWS_SWEPT; i++) {
    const entry = flows.swept;
    flows.swept = (entry + 1) % table.entries;
    if (headOf(table, entry) !== 0) isLive(flows, entry);
  }
}
