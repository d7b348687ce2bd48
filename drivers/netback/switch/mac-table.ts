/**
 * Which station is behind which port: learned from what they send, and forgotten when they are
 * quiet, or bound to its port. Learned entries outlive the backend; whose they are is told by their
 * port's id. Bound ones come from what is said of the ports.
 */

import { moved } from '../state/box.ts';
import {
  createIndex,
  type EntryIndex,
  firstOf,
  insert,
  mixed,
  remove,
} from '../state/index-of-entries.ts';
import {
  createFreeList,
  FIELDS,
  type FreeList,
  free,
  giveEntry,
  headOf,
  isIntact,
  publish,
  type Table,
  type TableForm,
  takeEntry,
  wordAt,
} from '../state/table.ts';
import { AGE_S, MACS_MAX } from './limits.ts';

const HIGH = FIELDS;
const LOW = FIELDS + 1;
const OWNER = FIELDS + 2;
const SEEN = FIELDS + 3;

export const MAC_FORM: TableForm = { entries: MACS_MAX, words: 6, summed: 3 };

/** A head: that it is one, that it is bound, and the VLAN. */
const USED = 1;
const BOUND = 2;
const headFor = (vlan: number, isBound: boolean): number =>
  (vlan << 4) | (isBound ? BOUND : 0) | USED;

export const NOBODY = -1;

export interface MacTable {
  readonly table: Table;
  readonly index: EntryIndex;
  readonly free: FreeList;
  /** By entry: the port's number, NOBODY while no port has the entry's owner. */
  readonly ports: Int16Array;
  /** Where the sweep goes on. */
  swept: number;
  /** The entry that the last look-up has found. */
  found: number;
}

const hashOf = (index: EntryIndex, vlan: number, high: number, low: number): number =>
  mixed(mixed(mixed(index.seed, vlan), high), low);

const hashOfEntry = ({ table, index }: MacTable, entry: number): number => {
  const at = wordAt(table, entry);
  const { memory } = table;
  const vlan = headOf(table, entry) >>> 4;
  return hashOf(index, vlan, memory[at + HIGH] as number, memory[at + LOW] as number);
};

/** With what a predecessor left, if there is any and it adds up. */
export function openMacTable(
  table: Table,
  seed: number,
  keptS: number | undefined,
  nowS: number,
): MacTable {
  const macs: MacTable = {
    table,
    index: createIndex(table.entries, seed),
    free: createFreeList(table.entries),
    ports: new Int16Array(table.entries).fill(NOBODY),
    swept: 0,
    found: -1,
  };
  for (let entry = table.entries - 1; entry >= 0; entry--) {
    if (!adopt(macs, entry, keptS, nowS)) {
      free(table, entry);
      giveEntry(macs.free, entry);
    }
  }
  return macs;
}

function adopt(macs: MacTable, entry: number, keptS: number | undefined, nowS: number): boolean {
  const { table, index } = macs;
  const { memory } = table;
  if (keptS === undefined || !isIntact(table, entry)) return false;
  const head = headOf(table, entry);
  const at = wordAt(table, entry);
  const [high, low] = [memory[at + HIGH] as number, memory[at + LOW] as number];
  const vlan = head >>> 4;
  if ((head & 0xf) !== USED || vlan > 4095 || high < 0 || high > 0xffff || (high & 0x100) !== 0) {
    return false;
  }
  const seenS = moved(memory[at + SEEN] as number, keptS, nowS, AGE_S);
  if (seenS === undefined || find(macs, vlan, high, low)) return false;
  memory[at + SEEN] = Math.min(seenS, nowS);
  insert(index, hashOf(index, vlan, high, low), entry);
  return true;
}

/** A port with this id is there: the entries with its id are its own. How many they are. */
export function claimEntries(macs: MacTable, id: number, port: number): number {
  let claimed = 0;
  for (let entry = 0; entry < macs.table.entries; entry++) {
    if (headOf(macs.table, entry) === 0 || !isOwner(macs, entry, id)) continue;
    macs.ports[entry] = port;
    claimed++;
  }
  return claimed;
}

const isOwner = ({ table }: MacTable, entry: number, id: number): boolean =>
  table.memory[wordAt(table, entry) + OWNER] === (id | 0);

/** Whether the station is known; its entry is `found` then. */
export function find(macs: MacTable, vlan: number, high: number, low: number): boolean {
  const { table, index } = macs;
  const { memory } = table;
  let entry = firstOf(index, hashOf(index, vlan, high, low));
  for (; entry >= 0; entry = index.next[entry] as number) {
    const at = wordAt(table, entry);
    if (memory[at + LOW] !== low || memory[at + HIGH] !== high) continue;
    if ((memory[at] as number) >>> 4 === vlan) break;
  }
  macs.found = entry;
  return entry >= 0;
}

export const isBound = ({ table }: MacTable, entry: number): boolean =>
  (headOf(table, entry) & BOUND) !== 0;

export interface Owner {
  readonly id: number;
  port: number;
  readonly isBound: boolean;
}

/** A station that is not known yet. False: there is no room. */
export function addStation(
  macs: MacTable,
  vlan: number,
  high: number,
  low: number,
  owner: Owner,
  nowS: number,
): boolean {
  const entry = takeEntry(macs.free);
  if (entry < 0) return false;
  const { table, index } = macs;
  const at = wordAt(table, entry);
  table.memory[at + HIGH] = high;
  table.memory[at + LOW] = low;
  table.memory[at + OWNER] = owner.id | 0;
  table.memory[at + SEEN] = nowS;
  macs.ports[entry] = owner.port;
  publish(table, entry, headFor(vlan, owner.isBound));
  insert(index, hashOf(index, vlan, high, low), entry);
  return true;
}

/** It was seen just now. */
export function touch({ table }: MacTable, entry: number, nowS: number): void {
  table.memory[wordAt(table, entry) + SEEN] = nowS;
}

export function forget(macs: MacTable, entry: number): void {
  remove(macs.index, hashOfEntry(macs, entry), entry);
  free(macs.table, entry);
  macs.ports[entry] = NOBODY;
  giveEntry(macs.free, entry);
}

/** A port is gone, and all its stations with it. */
export function forgetPort(macs: MacTable, id: number): void {
  for (let entry = 0; entry < macs.table.entries; entry++) {
    if (headOf(macs.table, entry) !== 0 && isOwner(macs, entry, id)) forget(macs, entry);
  }
}

/** Looks at so many entries; the one that is too old, -1 when there was none among them. */
export function nextAged(macs: MacTable, looks: { left: number }, nowS: number): number {
  const { table } = macs;
  while (looks.left > 0) {
    looks.left--;
    const entry = macs.swept;
    macs.swept = (entry + 1) % table.entries;
    const head = headOf(table, entry);
    if (head === 0 || (head & BOUND) !== 0) continue;
    if (nowS - (table.memory[wordAt(table, entry) + SEEN] as number) > AGE_S) return entry;
  }
  return -1;
}
