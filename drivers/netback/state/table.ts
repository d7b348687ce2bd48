/**
 * What must outlive a backend of the switch and the gateway: tables of entries in memory that the
 * next one finds as the last one left it. An entry is words: its head, 0 for a free one; a sum;
 * fields that the sum covers; and fields that change all the time, which it does not. An entry is
 * written while its head is 0, and every prefix of that is a free entry.
 */

import { assert } from '../../../shared/core/assert.ts';

export interface TableForm {
  readonly entries: number;
  /** Of an entry, with head and sum. */
  readonly words: number;
  /** How many words behind the sum it covers. */
  readonly summed: number;
}

export interface Table extends TableForm {
  readonly memory: Int32Array;
  /** The word at which the first entry begins. */
  readonly from: number;
}

const HEAD = 0;
const SUM = 1;
/** Of an entry, the first word that is its user's. */
export const FIELDS = 2;

const SUM_FROM = 0x51f1_5eed;

/** The next step of a sum, which a change of one word always changes. */
const added = (sum: number, word: number): number => ((sum << 5) | (sum >>> 27)) ^ word;

function sumOf({ memory, summed }: Table, at: number, head: number): number {
  let sum = added(SUM_FROM, head);
  for (let i = 0; i < summed; i++) sum = added(sum, memory[at + FIELDS + i] as number);
  return sum;
}

/** The word at which an entry begins. */
export function wordAt({ from, words }: Table, entry: number): number {
  return from + entry * words;
}

export function headOf(table: Table, entry: number): number {
  return table.memory[wordAt(table, entry)] as number;
}

/** The entry's fields are written: from now on it is one. */
export function publish(table: Table, entry: number, head: number): void {
  assert(head !== 0, 'an entry that is free is no entry');
  const at = wordAt(table, entry);
  table.memory[at + SUM] = sumOf(table, at, head);
  Atomics.store(table.memory, at + HEAD, head);
}

export function free(table: Table, entry: number): void {
  Atomics.store(table.memory, wordAt(table, entry) + HEAD, 0);
}

/** Whether an entry is as it was published. */
export function isIntact(table: Table, entry: number): boolean {
  const at = wordAt(table, entry);
  const head = table.memory[at + HEAD] as number;
  return head !== 0 && table.memory[at + SUM] === sumOf(table, at, head);
}

/** Numbers of free entries: a stack that is made anew from the table. */
export interface FreeList {
  readonly entries: Int32Array;
  count: number;
}

export function createFreeList(entries: number): FreeList {
  return { entries: new Int32Array(entries), count: 0 };
}

export function giveEntry(list: FreeList, entry: number): void {
  list.entries[list.count++] = entry;
}

/** An entry that was free; -1: there is none. */
export function takeEntry(list: FreeList): number {
  return list.count === 0 ? -1 : (list.entries[--list.count] as number);
}
