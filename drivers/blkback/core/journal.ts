/**
 * What must outlive a backend of one of its rings: which requests it has taken and not answered.
 * The ring alone does not tell, since responses come in any order and overwrite slots of requests
 * that are still in work. It lies in memory that the next backend finds as the last one left it;
 * each step is one store of a word, in an order in which every prefix makes sense.
 *
 * A page of header, then an entry of 128 bytes for each slot. An entry's place is no slot's: a
 * request may stay while others come and go in its slot.
 */

import { assert } from '../../../shared/core/assert.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';

const HEADER_WORDS = PAGE_SIZE / 4;
const ENTRY_WORDS = 32;

/** Words of the header. What it is about comes behind them (identity.ts). */
const REQ_CONS = 0;

/** Words of an entry: state, attempts and status; its response; its request; its slot. */
const STATE = 0;
const RESPONSE = 1;
const REQUEST = 2;
const COPY = 4;

const FREE = 0;
/** Read from the ring, and not answered. */
const TAKEN = 1;
/** Answered; the front end sees it, or is about to. */
const DONE = 2;

const stateOf = (head: number): number => head & 0xff;
const attemptsOf = (head: number): number => (head >>> 8) & 0xff;
const statusOf = (head: number): number => head >> 16;
const headOf = (state: number, attempts: number, status: number): number =>
  (status << 16) | (attempts << 8) | state;

export interface Journal {
  readonly region: Region;
  readonly slots: number;
}

export function journalPages(slots: number): number {
  return 1 + Math.ceil((slots * ENTRY_WORDS * 4) / PAGE_SIZE);
}

export function openJournal(region: Region, slots: number): Journal {
  assert(region.bytes.length >= journalPages(slots) * PAGE_SIZE, 'a journal without its pages');
  return { region, slots };
}

const entryAt = (entry: number): number => HEADER_WORDS + entry * ENTRY_WORDS;

/** Forgets everything: for a ring that begins. */
export function clearJournal({ region, slots }: Journal, reqCons: number): void {
  const { words } = region;
  for (let entry = 0; entry < slots; entry++) Atomics.store(words, entryAt(entry) + STATE, FREE);
  Atomics.store(words, REQ_CONS, reqCons | 0);
}

/** The word at which the copy of an entry's slot begins. */
export function copyAt(entry: number): number {
  return entryAt(entry) + COPY;
}

/** Keeps a request: `words` from `from` on, of which `count` are its slot's, at index `request`. */
export function noteTaken(
  { region }: Journal,
  entry: number,
  request: number,
  words: Int32Array,
  from: number,
  count: number,
): void {
  const at = entryAt(entry);
  for (let i = 0; i < count; i++) region.words[at + COPY + i] = words[from + i] as number;
  region.words[at + REQUEST] = request | 0;
  Atomics.store(region.words, at + STATE, headOf(TAKEN, 0, 0));
}

/** All requests before this index are kept. */
export function noteConsumed({ region }: Journal, reqCons: number): void {
  Atomics.store(region.words, REQ_CONS, reqCons | 0);
}

/** Work on it begins: how often it has. */
export function noteAttempt({ region }: Journal, entry: number): number {
  const at = entryAt(entry) + STATE;
  const attempts = Math.min(0xff, attemptsOf(region.words[at] as number) + 1);
  Atomics.store(region.words, at, headOf(TAKEN, attempts, 0));
  return attempts;
}

/** It is answered by the response at index `response`, which is written after this. */
export function noteDone(
  { region }: Journal,
  entry: number,
  response: number,
  status: number,
): void {
  const at = entryAt(entry);
  Atomics.store(region.words, at + RESPONSE, response | 0);
  Atomics.store(region.words, at + STATE, headOf(DONE, 0, status));
}

/** The front end sees its response. */
export function noteFree({ region }: Journal, entry: number): void {
  Atomics.store(region.words, entryAt(entry) + STATE, FREE);
}

/** A request that a predecessor has left. */
export interface Left {
  readonly entry: number;
  /** Its index in the ring. */
  readonly request: number;
  readonly attempts: number;
}

export interface Answered {
  readonly entry: number;
  readonly status: number;
}

/** What a predecessor has left of a ring. */
export interface Recovered {
  /** Where to go on: all before it were taken. */
  readonly reqCons: number;
  /** Where responses go on that the front end has not seen. */
  readonly rspProd: number;
  /** Answered, not seen: to be written again, in this order, from `rspProd` on. */
  readonly answered: readonly Answered[];
  /** To be done again, in the order of their requests. */
  readonly left: readonly Left[];
}

const ahead = (a: number, b: number): number => (a - b) >>> 0;

/**
 * Reads a predecessor's journal as one reads what a hostile peer wrote. `rspProd` and `reqProd` are
 * the ring's, read once, after nobody else could write them. A text says what does not add up.
 */
export function recover(
  { region, slots }: Journal,
  rspProd: number,
  reqProd: number,
): Recovered | string {
  const { words } = region;
  const responses = new Map<number, Answered>();
  let reqCons = (words[REQ_CONS] as number) >>> 0;
  if (ahead(reqProd, rspProd) > slots) return 'the ring has more requests than slots';
  if (ahead(reqCons, rspProd) > slots) return 'more were taken than there are slots';
  const taken = new Map<number, Left>();
  for (let entry = 0; entry < slots; entry++) {
    const at = entryAt(entry);
    const head = Atomics.load(words, at + STATE);
    const request = (words[at + REQUEST] as number) >>> 0;
    const response = (words[at + RESPONSE] as number) >>> 0;
    if (stateOf(head) === TAKEN) {
      if (taken.has(request)) return `request ${request} was taken twice`;
      taken.set(request, { entry, request, attempts: attemptsOf(head) });
    } else if (stateOf(head) === DONE) {
      const seen = ahead(rspProd, response);
      if (seen >= 1 && seen <= slots) continue;
      if (responses.has(response)) return `response ${response} was given twice`;
      responses.set(response, { entry, status: statusOf(head) });
    } else if (stateOf(head) !== FREE) return `an entry is in state ${stateOf(head)}`;
  }
  // Death came between an entry's store and that of the count.
  while (taken.has(reqCons)) reqCons = (reqCons + 1) >>> 0;
  if (ahead(reqProd, reqCons) > slots) return 'more were taken than there are requests';
  const answered: Answered[] = [];
  for (let at = rspProd; ; at = (at + 1) >>> 0) {
    const response = responses.get(at);
    if (response === undefined) break;
    answered.push(response);
  }
  if (answered.length !== responses.size) return 'responses are missing between others';
  if (answered.length + taken.size !== ahead(reqCons, rspProd)) {
    return `${taken.size} taken and ${answered.length} answered, of ${ahead(reqCons, rspProd)}`;
  }
  // One that took long lies any number of requests behind.
  const left = [...taken.values()].sort(
    (a, b) => ahead(reqCons, b.request) - ahead(reqCons, a.request),
  );
  return { reqCons, rspProd, answered, left };
}

/** What was known to be answered and seen is free again: after a recovery. */
export function settleRecovered(journal: Journal, { answered, left }: Recovered): void {
  const kept = new Set([...answered, ...left].map(({ entry }) => entry));
  for (let entry = 0; entry < journal.slots; entry++) {
    if (!kept.has(entry)) noteFree(journal, entry);
  }
}
