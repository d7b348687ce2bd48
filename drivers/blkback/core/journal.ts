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

/** Words of the header. What it is about comes behind it (shared/backend/claim.ts). */
const REQ_CONS = 0;

/** Words of an entry: its head, response, request, a sum over request and slot, and its slot. */
const HEAD = 0;
const RESPONSE = 1;
const REQUEST = 2;
const SUM = 3;
const COPY = 4;

const FREE = 0;
/** Read from the ring, and not answered. */
const TAKEN = 1;
/** Answered; the front end sees it, or is about to. */
const DONE = 2;

const ATTEMPTS_NOTED = 15;

/** State, attempts and status, and above them their complement: what was damaged has another. */
const headOf = (state: number, attempts: number, status: number): number => {
  const low = ((status & 0xff) << 8) | (attempts << 4) | state;
  return (~low << 16) | low;
};
const isHead = (head: number): boolean => ((head >>> 16) ^ (head & 0xffff)) === 0xffff;
const stateOf = (head: number): number => head & 0xf;
const attemptsOf = (head: number): number => (head >>> 4) & 0xf;
const statusOf = (head: number): number => (head << 16) >> 24;

/** The next step of a sum, which a change of one word always changes. */
const added = (sum: number, word: number): number => ((sum << 5) | (sum >>> 27)) ^ word;
const SUM_FROM = 0x7a3c_59e1;

export interface Journal {
  /** Changed between turns (moveJournal). */
  region: Region;
  /** Of the ring, and so many words each. */
  readonly slots: number;
  readonly slotWords: number;
}

export function journalPages(slots: number): number {
  return 1 + Math.ceil((slots * ENTRY_WORDS * 4) / PAGE_SIZE);
}

export function openJournal(region: Region, slots: number, slotBytes: number): Journal {
  assert(region.bytes.length >= journalPages(slots) * PAGE_SIZE, 'a journal without its pages');
  assert(COPY + slotBytes / 4 <= ENTRY_WORDS, `entries with slots of ${slotBytes} bytes`);
  return { region, slots, slotWords: slotBytes / 4 };
}

const entryAt = (entry: number): number => HEADER_WORDS + entry * ENTRY_WORDS;

/** Forgets everything: for a ring that begins. */
export function clearJournal(journal: Journal, reqCons: number): void {
  const { words } = journal.region;
  for (let entry = 0; entry < journal.slots; entry++) noteFree(journal, entry);
  Atomics.store(words, REQ_CONS, reqCons | 0);
}

/** The word at which the copy of an entry's slot begins. */
export function copyAt(entry: number): number {
  return entryAt(entry) + COPY;
}

/** Keeps a request: its slot is `words` from `from` on, its index `request`. */
export function noteTaken(
  { region, slotWords }: Journal,
  entry: number,
  request: number,
  words: Int32Array,
  from: number,
): void {
  const at = entryAt(entry);
  const to = region.words;
  let sum = added(SUM_FROM, request | 0);
  for (let i = 0; i < slotWords; i++) {
    const word = words[from + i] as number;
    to[at + COPY + i] = word;
    sum = added(sum, word);
  }
  to[at + REQUEST] = request | 0;
  to[at + SUM] = sum;
  Atomics.store(to, at + HEAD, headOf(TAKEN, 0, 0));
}

/** All requests before this index are kept. */
export function noteConsumed({ region }: Journal, reqCons: number): void {
  Atomics.store(region.words, REQ_CONS, reqCons | 0);
}

/** Work on it begins: how often it has. */
export function noteAttempt({ region }: Journal, entry: number): number {
  const at = entryAt(entry) + HEAD;
  const attempts = Math.min(ATTEMPTS_NOTED, attemptsOf(region.words[at] as number) + 1);
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
  Atomics.store(region.words, at + HEAD, headOf(DONE, 0, status));
}

/** The front end sees its response. */
export function noteFree({ region }: Journal, entry: number): void {
  Atomics.store(region.words, entryAt(entry) + HEAD, headOf(FREE, 0, 0));
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

/** Whether an entry's request is what was taken. */
function isIntact({ region: { words }, slotWords }: Journal, entry: number): boolean {
  const at = entryAt(entry);
  let sum = added(SUM_FROM, words[at + REQUEST] as number);
  for (let i = 0; i < slotWords; i++) sum = added(sum, words[at + COPY + i] as number);
  return sum === words[at + SUM];
}

interface Found {
  /** By the indices of their requests. */
  readonly taken: Map<number, Left>;
  /** By the indices of their responses, which the front end has not seen. */
  readonly answered: Map<number, Answered>;
}

/** What the entries say each by itself. */
function readEntries(journal: Journal, rspProd: number): Found | string {
  const { slots } = journal;
  const { words } = journal.region;
  const found: Found = { taken: new Map(), answered: new Map() };
  const { taken, answered } = found;
  for (let entry = 0; entry < slots; entry++) {
    const at = entryAt(entry);
    const head = Atomics.load(words, at + HEAD);
    const state = stateOf(head);
    if (!isHead(head) || state > DONE) return `entry ${entry} is damaged`;
    const request = (words[at + REQUEST] as number) >>> 0;
    const response = (words[at + RESPONSE] as number) >>> 0;
    const seen = ahead(rspProd, response);
    if (state === FREE || (state === DONE && seen >= 1 && seen <= slots)) continue;
    if (!isIntact(journal, entry)) return `the request of entry ${entry} is damaged`;
    if (state === TAKEN) {
      if (taken.has(request)) return `request ${request} was taken twice`;
      taken.set(request, { entry, request, attempts: attemptsOf(head) });
    } else {
      if (answered.has(response)) return `response ${response} was given twice`;
      answered.set(response, { entry, status: statusOf(head) });
    }
  }
  return found;
}

/**
 * Reads a predecessor's journal as one reads what a hostile peer wrote. `rspProd` and `reqProd` are
 * the ring's, read once, after nobody else could write them. A text says what does not add up.
 */
export function recover(journal: Journal, rspProd: number, reqProd: number): Recovered | string {
  const { slots } = journal;
  let reqCons = (journal.region.words[REQ_CONS] as number) >>> 0;
  if (ahead(reqProd, rspProd) > slots) return 'the ring has more requests than slots';
  if (ahead(reqCons, rspProd) > slots) return 'more were taken than there are slots';
  const found = readEntries(journal, rspProd);
  if (typeof found === 'string') return found;
  const { taken } = found;
  // Death came between an entry's store and that of the count.
  while (taken.has(reqCons)) reqCons = (reqCons + 1) >>> 0;
  if (ahead(reqProd, reqCons) > slots) return 'more were taken than there are requests';
  const answered: Answered[] = [];
  for (let at = rspProd; ; at = (at + 1) >>> 0) {
    const response = found.answered.get(at);
    if (response === undefined) break;
    answered.push(response);
  }
  if (answered.length !== found.answered.size) return 'responses are missing between others';
  if (answered.length + taken.size !== ahead(reqCons, rspProd)) {
    return `${taken.size} taken and ${answered.length} answered, of ${ahead(reqCons, rspProd)}`;
  }
  // One that took long lies any number of requests behind.
  const left = [...taken.values()].sort(
    (a, b) => ahead(reqCons, b.request) - ahead(reqCons, a.request),
  );
  return { reqCons, rspProd, answered, left };
}

/**
 * After a recovery: what was known to be answered and seen is free again, and what was taken is
 * counted. Else the count stayed behind the ring, if nothing more was taken before the next death.
 */
export function settleRecovered(journal: Journal, { reqCons, answered, left }: Recovered): void {
  noteConsumed(journal, reqCons);
  const kept = new Set([...answered, ...left].map(({ entry }) => entry));
  for (let entry = 0; entry < journal.slots; entry++) {
    if (!kept.has(entry)) noteFree(journal, entry);
  }
}
