/**
 * Connections as they lie in their table: who on our side speaks with whom over there, and by which
 * port of the outer address; and how one is found, from within by both ends, from without by the
 * translated end.
 */

import { type EntryIndex, firstOf, insert, mixed, remove } from '../state/index-of-entries.ts';
import { FIELDS, type FreeList, type Table, type TableForm, wordAt } from '../state/table.ts';
import { FLOWS_MAX } from './limits.ts';

/** Fields: addresses of four words each, of which IPv4 has the first. */
export const INNER = FIELDS;
export const REMOTE = FIELDS + 4;
/** Our side's port, and the other's. */
export const PORTS = FIELDS + 8;
/** The port of the outer address, and flags. */
export const OUTER = FIELDS + 9;
export const OWNER = FIELDS + 10;
const SUMMED = 11;
export const STATE = FIELDS + 11;
export const UNTIL = FIELDS + 12;

export const FLOW_FORM: TableForm = { entries: FLOWS_MAX, words: 16, summed: SUMMED };

/** Its source is translated; it was begun from without. */
export const TRANSLATED = 1;
export const FROM_REMOTE = 2;

/**
 * A head: that it is one, whether it goes through the gateway or between ports of the switch, the
 * family and the protocol. A guest's packet to another guest's station makes no connection of the
 * gateway's.
 */
export const headFor = (family: number, protocol: number, zone: number): number =>
  (protocol << 8) | (family << 4) | (zone << 1) | 1;
export const GATEWAY_ZONE = 0;
export const SWITCH_ZONE = 1;
const zoneOf = (head: number): number => (head >>> 1) & 7;
const familyOf = (head: number): number => (head >>> 4) & 0xf;
export const protocolOf = (head: number): number => (head >>> 8) & 0xff;

/** What one is found or made by. Ports are 0 where there are none. */
export interface FlowKey {
  zone: number;
  family: number;
  protocol: number;
  readonly inner: Int32Array;
  readonly remote: Int32Array;
  innerPort: number;
  remotePort: number;
}

export function createFlowKey(): FlowKey {
  return {
    zone: GATEWAY_ZONE,
    family: 0,
    protocol: 0,
    inner: new Int32Array(4),
    remote: new Int32Array(4),
    innerPort: 0,
    remotePort: 0,
  };
}

export interface Flows {
  readonly table: Table;
  /** By both ends. */
  readonly within: EntryIndex;
  /** Translated ones, by the other end and our outer port. */
  readonly without: EntryIndex;
  readonly free: FreeList;
  /** By entry: the guest's port, -1 while there is none with its id. */
  readonly ports: Int16Array;
  /** By port. */
  readonly counts: Int32Array;
  swept: number;
  nowS: number;
  /** How often one was refused, since its guest or the table had too many. */
  refused: number;
  /** For the end of one. */
  readonly scratch: FlowKey;
}

export function readKey({ table }: Flows, entry: number, key: FlowKey): void {
  const { memory } = table;
  const at = wordAt(table, entry);
  const head = memory[at] as number;
  key.zone = zoneOf(head);
  key.family = familyOf(head);
  key.protocol = protocolOf(head);
  for (let i = 0; i < 4; i++) {
    key.inner[i] = memory[at + INNER + i] as number;
    key.remote[i] = memory[at + REMOTE + i] as number;
  }
  key.innerPort = (memory[at + PORTS] as number) >>> 16;
  key.remotePort = (memory[at + PORTS] as number) & 0xffff;
}

function hashOf({ within }: Flows, key: FlowKey): number {
  const { inner, remote } = key;
  let hash = mixed(within.seed, headFor(key.family, key.protocol, key.zone));
  hash = mixed(hash, (key.innerPort << 16) | key.remotePort);
  if (key.family === 4) return mixed(mixed(hash, inner[0] as number), remote[0] as number);
  for (let i = 0; i < 4; i++) {
    hash = mixed(mixed(hash, inner[i] as number), remote[i] as number);
  }
  return hash;
}

function hashWithout(
  { without }: Flows,
  protocol: number,
  remote: number,
  remotePort: number,
  outerPort: number,
): number {
  return mixed(mixed(mixed(without.seed, protocol), remote), (outerPort << 16) | remotePort);
}

/** The connection with these ends; -1: there is none. */
export function findWithin(flows: Flows, key: FlowKey): number {
  const { table, within } = flows;
  const { memory } = table;
  const { inner, remote } = key;
  const head = headFor(key.family, key.protocol, key.zone);
  const ports = (key.innerPort << 16) | key.remotePort;
  let entry = firstOf(within, hashOf(flows, key));
  for (; entry >= 0; entry = within.next[entry] as number) {
    const at = wordAt(table, entry);
    if (memory[at] !== head || memory[at + PORTS] !== ports) continue;
    let i = 0;
    while (i < 4 && memory[at + INNER + i] === inner[i] && memory[at + REMOTE + i] === remote[i]) {
      i++;
    }
    if (i === 4) return entry;
  }
  return -1;
}

/** The translated connection of our outer port with this other end; -1: there is none. */
export function findWithout(
  flows: Flows,
  protocol: number,
  remote: number,
  remotePort: number,
  outerPort: number,
): number {
  const { table, without } = flows;
  const { memory } = table;
  let entry = firstOf(without, hashWithout(flows, protocol, remote, remotePort, outerPort));
  for (; entry >= 0; entry = without.next[entry] as number) {
    const at = wordAt(table, entry);
    if (memory[at + REMOTE] !== (remote | 0) || memory[at] !== headFor(4, protocol, GATEWAY_ZONE))
      continue;
    if (((memory[at + PORTS] as number) & 0xffff) !== remotePort) continue;
    if ((memory[at + OUTER] as number) >>> 16 === outerPort) return entry;
  }
  return -1;
}

/** A connection can be found. */
export function link(flows: Flows, entry: number, key: FlowKey): void {
  insert(flows.within, hashOf(flows, key), entry);
  if (!isTranslated(flows, entry)) return;
  const { protocol, remote, remotePort } = key;
  const outer = outerPortOf(flows, entry);
  const hash = hashWithout(flows, protocol, remote[0] as number, remotePort, outer);
  insert(flows.without, hash, entry);
}

/** It cannot be found any more; its key is `key` then. */
export function unlink(flows: Flows, entry: number, key: FlowKey): void {
  readKey(flows, entry, key);
  remove(flows.within, hashOf(flows, key), entry);
  if (!isTranslated(flows, entry)) return;
  const { protocol, remote, remotePort } = key;
  const outer = outerPortOf(flows, entry);
  const hash = hashWithout(flows, protocol, remote[0] as number, remotePort, outer);
  remove(flows.without, hash, entry);
}

const word = ({ table }: Flows, entry: number, place: number): number =>
  table.memory[wordAt(table, entry) + place] as number;

export const stateOf = (flows: Flows, entry: number): number => word(flows, entry, STATE);
export const innerOf = (flows: Flows, entry: number): number => word(flows, entry, INNER) >>> 0;
export const innerPortOf = (flows: Flows, entry: number): number =>
  word(flows, entry, PORTS) >>> 16;
export const outerPortOf = (flows: Flows, entry: number): number =>
  word(flows, entry, OUTER) >>> 16;
export const isTranslated = (flows: Flows, entry: number): boolean =>
  (word(flows, entry, OUTER) & TRANSLATED) !== 0;
export const isFromRemote = (flows: Flows, entry: number): boolean =>
  (word(flows, entry, OUTER) & FROM_REMOTE) !== 0;
