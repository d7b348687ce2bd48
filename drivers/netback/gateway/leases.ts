/**
 * Which station has which address of DHCP: an entry for each address, in memory that outlives the
 * backend. An entry's number is its address's place in the range; reserved ones are in none.
 */

import { moved } from '../state/box.ts';
import {
  FIELDS,
  free,
  headOf,
  isIntact,
  publish,
  type Table,
  type TableForm,
  wordAt,
} from '../state/table.ts';
import { PORTS_MAX } from '../switch/limits.ts';
import type { DhcpConfig } from './config.ts';
import { LEASE_S, LEASES_MAX, LEASES_PER_PORT } from './limits.ts';

const HIGH = FIELDS;
const LOW = FIELDS + 1;
const OWNER = FIELDS + 2;
const UNTIL = FIELDS + 3;

export const LEASE_FORM: TableForm = { entries: LEASES_MAX, words: 6, summed: 3 };

/** Heads: offered or given, and kept from all since somebody else has it. */
const TAKEN = 1;
const DECLINED = 2;

export interface Leases {
  readonly table: Table;
  readonly config: DhcpConfig;
  /** How many addresses the range has. */
  readonly size: number;
  /** By entry, -1 while there is none with its owner's id; and how many each port has. */
  readonly ports: Int16Array;
  readonly counts: Int16Array;
  nowS: number;
}

export function openLeases(
  table: Table,
  config: DhcpConfig,
  keptS: number | undefined,
  nowS: number,
): Leases {
  const leases: Leases = {
    table,
    config,
    size: config.last - config.first + 1,
    ports: new Int16Array(table.entries).fill(-1),
    counts: new Int16Array(PORTS_MAX + 1),
    nowS,
  };
  for (let entry = 0; entry < table.entries; entry++) {
    if (keptS === undefined || !adopt(leases, entry, keptS)) free(table, entry);
  }
  return leases;
}

function adopt({ table, size, nowS }: Leases, entry: number, keptS: number): boolean {
  if (entry >= size || !isIntact(table, entry)) return false;
  const { memory } = table;
  const at = wordAt(table, entry);
  const head = headOf(table, entry);
  const high = memory[at + HIGH] as number;
  if ((head !== TAKEN && head !== DECLINED) || high < 0 || high > 0xffff) return false;
  const untilS = moved(memory[at + UNTIL] as number, keptS, nowS, LEASE_S);
  if (untilS === undefined || untilS < nowS) return false;
  memory[at + UNTIL] = untilS;
  return true;
}

/** A port with this id is there: leases with its id are its own. */
export function claimLeases(leases: Leases, id: number, port: number): void {
  const { table, ports, counts } = leases;
  for (let entry = 0; entry < leases.size; entry++) {
    if (headOf(table, entry) !== TAKEN || ports[entry] !== -1) continue;
    if (table.memory[wordAt(table, entry) + OWNER] !== (id | 0)) continue;
    ports[entry] = port;
    counts[port] = (counts[port] as number) + 1;
  }
}

/** A port is gone. Its leases stay: who comes again gets the same address, while it lasts. */
export function releasePort({ ports, counts }: Leases, port: number): void {
  for (let entry = 0; entry < ports.length; entry++) if (ports[entry] === port) ports[entry] = -1;
  counts[port] = 0;
}

const isOver = ({ table, nowS }: Leases, entry: number): boolean =>
  headOf(table, entry) === 0 || (table.memory[wordAt(table, entry) + UNTIL] as number) < nowS;

function isOf({ table }: Leases, entry: number, high: number, low: number): boolean {
  const at = wordAt(table, entry);
  const { memory } = table;
  return memory[at] === TAKEN && memory[at + HIGH] === high && memory[at + LOW] === low;
}

export function endLease(leases: Leases, entry: number): void {
  const { ports, counts, table } = leases;
  free(table, entry);
  const port = ports[entry] as number;
  if (port >= 0) counts[port] = (counts[port] as number) - 1;
  ports[entry] = -1;
}

/** The reserved address of a station; 0: it has none. */
function reservedFor({ config }: Leases, bytes: Uint8Array, mac: number): number {
  for (const { mac: own, ip4 } of config.reserved ?? []) {
    let i = 0;
    while (i < 6 && own[i] === bytes[mac + i]) i++;
    if (i === 6) return ip4;
  }
  return 0;
}

const isReserved = ({ config }: Leases, ip4: number): boolean =>
  config.reserved?.some((one) => one.ip4 === ip4) ?? false;

/**
 * The address for a station: its reserved one, its own, the one that it wants, or one that is free;
 * 0: there is none for it. `ours` is no guest's.
 */
export function addressFor(
  leases: Leases,
  bytes: Uint8Array,
  mac: number,
  wanted: number,
  port: number,
  ours: number,
): number {
  const reserved = reservedFor(leases, bytes, mac);
  if (reserved !== 0) return reserved;
  const { config, size, counts } = leases;
  const [high, low] = macWords(bytes, mac);
  for (let entry = 0; entry < size; entry++) {
    if (isOf(leases, entry, high, low)) return config.first + entry;
  }
  if ((counts[port] as number) >= LEASES_PER_PORT) return 0;
  const isFree = (entry: number): boolean =>
    isOver(leases, entry) &&
    config.first + entry !== ours &&
    !isReserved(leases, config.first + entry);
  const wish = wanted - config.first;
  if (wish >= 0 && wish < size && isFree(wish)) return wanted;
  for (let entry = 0; entry < size; entry++) if (isFree(entry)) return config.first + entry;
  return 0;
}

/** Six bytes as two words. */
function macWords(bytes: Uint8Array, at: number): [number, number] {
  const b = (i: number): number => bytes[at + i] as number;
  return [(b(0) << 8) | b(1), (b(2) << 24) | (b(3) << 16) | (b(4) << 8) | b(5)];
}

/** It is the station's for so many seconds; a reserved one is without an entry. */
export function giveLease(
  leases: Leases,
  ip4: number,
  bytes: Uint8Array,
  mac: number,
  id: number,
  port: number,
  seconds: number,
): void {
  const { table, config, size, ports, counts, nowS } = leases;
  const entry = ip4 - config.first;
  if (entry < 0 || entry >= size || isReserved(leases, ip4)) return;
  endLease(leases, entry);
  const [high, low] = macWords(bytes, mac);
  const at = wordAt(table, entry);
  table.memory[at + HIGH] = high;
  table.memory[at + LOW] = low;
  table.memory[at + OWNER] = id | 0;
  table.memory[at + UNTIL] = nowS + seconds;
  publish(table, entry, TAKEN);
  ports[entry] = port;
  counts[port] = (counts[port] as number) + 1;
}

/** The station's own lease of this address; -1: it has none. */
export function leaseOf(leases: Leases, ip4: number, bytes: Uint8Array, mac: number): number {
  const entry = ip4 - leases.config.first;
  if (entry < 0 || entry >= leases.size) return -1;
  const [high, low] = macWords(bytes, mac);
  return isOf(leases, entry, high, low) ? entry : -1;
}

/** Nobody gets it for so long. */
export function decline(leases: Leases, entry: number, seconds: number): void {
  endLease(leases, entry);
  const { table, nowS } = leases;
  const at = wordAt(table, entry);
  table.memory[at + UNTIL] = nowS + seconds;
  publish(table, entry, DECLINED);
}
