/** Connections that outlive the backend and those that end with their guest's port. */

import { moved } from '../state/box.ts';
import { createIndex, mixed } from '../state/index-of-entries.ts';
import {
  createFreeList,
  free,
  giveEntry,
  headOf,
  isIntact,
  type Table,
  wordAt,
} from '../state/table.ts';
import { PORTS_MAX } from '../switch/limits.ts';
import { FLOW_STATE_MAX, OPENING } from './flow-state.ts';
import {
  createFlowKey,
  type FlowKey,
  type Flows,
  FROM_REMOTE,
  findWithin,
  findWithout,
  GATEWAY_ZONE,
  headFor,
  link,
  OUTER,
  OWNER,
  outerPortOf,
  readKey,
  STATE,
  SWITCH_ZONE,
  TRANSLATED,
  UNTIL,
} from './flow-table.ts';
import { endFlow } from './flows.ts';
import { FLOW_S_MAX } from './limits.ts';

/** With what a predecessor left, if there is any and it adds up. */
export function openFlows(
  table: Table,
  seed: number,
  keptS: number | undefined,
  nowS: number,
): Flows {
  const flows: Flows = {
    table,
    within: createIndex(table.entries, seed),
    without: createIndex(table.entries, mixed(seed, 1)),
    free: createFreeList(table.entries),
    ports: new Int16Array(table.entries).fill(-1),
    counts: new Int32Array(PORTS_MAX + 1),
    swept: 0,
    nowS,
    refused: 0,
    scratch: createFlowKey(),
  };
  const key = createFlowKey();
  for (let entry = table.entries - 1; entry >= 0; entry--) {
    if (keptS !== undefined && adopt(flows, entry, key, keptS)) continue;
    free(table, entry);
    giveEntry(flows.free, entry);
  }
  return flows;
}

/** As what a hostile peer wrote: every number in its range, none twice. */
function adopt(flows: Flows, entry: number, key: FlowKey, keptS: number): boolean {
  const { table, nowS } = flows;
  const { memory } = table;
  if (!isIntact(table, entry)) return false;
  const at = wordAt(table, entry);
  readKey(flows, entry, key);
  const { family, zone } = key;
  const isKnown = (family === 4 || family === 6) && zone <= SWITCH_ZONE;
  if (!isKnown || headFor(family, key.protocol, zone) !== headOf(table, entry)) return false;
  const flags = (memory[at + OUTER] as number) & 0xffff;
  const state = memory[at + STATE] as number;
  if (flags > (TRANSLATED | FROM_REMOTE) || state < OPENING || state > FLOW_STATE_MAX) return false;
  const isTranslated = (flags & TRANSLATED) !== 0;
  if (isTranslated && (family !== 4 || zone !== GATEWAY_ZONE)) return false;
  const untilS = moved(memory[at + UNTIL] as number, keptS, nowS, FLOW_S_MAX);
  if (untilS === undefined || untilS < nowS || findWithin(flows, key) >= 0) return false;
  const { protocol, remote, remotePort } = key;
  const outer = outerPortOf(flows, entry);
  const isTaken = findWithout(flows, protocol, remote[0] as number, remotePort, outer) >= 0;
  if (isTranslated && isTaken) return false;
  memory[at + UNTIL] = untilS;
  link(flows, entry, key);
  return true;
}

/** A port with this id is there: the connections with its id are its own. */
export function claimFlows(flows: Flows, id: number, port: number): void {
  const { table, ports, counts } = flows;
  for (let entry = 0; entry < table.entries; entry++) {
    if (headOf(table, entry) === 0 || ports[entry] !== -1) continue;
    if (table.memory[wordAt(table, entry) + OWNER] !== (id | 0)) continue;
    ports[entry] = port;
    counts[port] = (counts[port] as number) + 1;
  }
}

/** A port is gone, and all its connections with it. */
export function dropFlows(flows: Flows, port: number): void {
  for (let entry = 0; entry < flows.table.entries; entry++) {
    if (headOf(flows.table, entry) !== 0 && flows.ports[entry] === port) endFlow(flows, entry);
  }
}
