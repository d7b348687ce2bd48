/**
 * Rings of requests and responses in shared pages (io/ring.h @ RELEASE-4.17.0): the front end puts
 * requests into slots and moves `req_prod`, the back end takes them, puts responses into the slots
 * that it took, and moves `rsp_prod`. Indices are u32 that run free; `req_event` and `rsp_event`
 * say from which index on the other end wants an event.
 *
 * The other end may be hostile. An index of its is read once a call and refused where it is
 * impossible, slots are copied before anybody looks at them, and what we have published ourselves
 * is never read back from the page.
 */

import { assert } from '../core/assert.ts';
import { BROKEN } from '../core/ring-moves.ts';
import { PAGE_SIZE, type Region } from '../platform/region.ts';

/** The header's words, and where slots begin. */
const REQ_PROD = 0;
const REQ_EVENT = 1;
const RSP_PROD = 2;
const RSP_EVENT = 3;
const SLOTS_AT = 64;

/** The indices that both ends start with: an event for the first of each. */
export function initRing({ bytes, words }: Region): void {
  bytes.fill(0, 0, SLOTS_AT);
  Atomics.store(words, REQ_EVENT, 1);
  Atomics.store(words, RSP_EVENT, 1);
}

/** How many slots of `slotBytes` a ring of so many pages has: the largest power of two. */
export function ringSlots(pages: number, slotBytes: number): number {
  const fit = Math.floor((pages * PAGE_SIZE - SLOTS_AT) / slotBytes);
  // An integer to engines, too, as what is made of it.
  return 1 << (31 - Math.clz32(fit));
}

interface Ring {
  readonly region: Region;
  readonly slotBytes: number;
  /** How many, a power of two. */
  readonly slots: number;
}

/** The back end's view. */
export interface BackRing extends Ring {
  /** Requests taken so far. */
  reqCons: number;
  /** Responses put so far, and those of them that the front end may see. */
  rspPut: number;
  rspProd: number;
}

/** The front end's view. */
export interface FrontRing extends Ring {
  reqPut: number;
  reqProd: number;
  /** Responses taken so far. */
  rspCons: number;
}

function slotsOf(region: Region, slotBytes: number): number {
  assert(slotBytes % 4 === 0, `slots of ${slotBytes} bytes`);
  return ringSlots(region.bytes.length / PAGE_SIZE, slotBytes);
}

function load({ region }: Ring, word: number): number {
  return Atomics.load(region.words, word) >>> 0;
}

function store({ region }: Ring, word: number, value: number): void {
  Atomics.store(region.words, word, value | 0);
}

/** Where in the region the slot of an index lies. */
export function slotAt({ slots, slotBytes }: Ring, index: number): number {
  return SLOTS_AT + (index & (slots - 1)) * slotBytes;
}

/**
 * Copies so many slots from index `first` on to the start of `into`. Words, since slots and
 * requests are made of them.
 */
function copySlots(ring: Ring, first: number, count: number, into: Int32Array): void {
  const { words } = ring.region;
  const wordsPerSlot = ring.slotBytes / 4;
  const toEnd = ring.slots - (first & (ring.slots - 1));
  const before = Math.min(count, toEnd);
  const at = slotAt(ring, first) / 4;
  into.set(words.subarray(at, at + before * wordsPerSlot));
  if (count === before) return;
  const start = SLOTS_AT / 4;
  const rest = (count - before) * wordsPerSlot;
  into.set(words.subarray(start, start + rest), before * wordsPerSlot);
}

/** Whether the other end, which wants an event from `event` on, is passed by going on to `now`. */
export function passes(event: number, before: number, now: number): boolean {
  return (now - event) >>> 0 < (now - before) >>> 0;
}

/** `from`: where a back end takes over what another one has left, 0 for a new ring. */
export function createBackRing(region: Region, slotBytes: number, from = 0): BackRing {
  const slots = slotsOf(region, slotBytes);
  return { region, slotBytes, slots, reqCons: from, rspPut: from, rspProd: from };
}

/** What the back end has published of responses: where another one may take over. */
export function publishedResponses({ words }: Region): number {
  return Atomics.load(words, RSP_PROD) >>> 0;
}

/** What the front end has published of requests, impossible or not. */
export function publishedRequests({ words }: Region): number {
  return Atomics.load(words, REQ_PROD) >>> 0;
}

/** Requests that wait, or BROKEN: more than slots are free, or fewer than were taken. */
export function requestsReady(ring: BackRing): number {
  const ready = (load(ring, REQ_PROD) - ring.reqCons) >>> 0;
  const room = ring.slots - ((ring.reqCons - ring.rspPut) >>> 0);
  return ready > room ? BROKEN : ready;
}

/**
 * Moves at most `max` requests to the start of `into`: how many, or BROKEN. Those not taken stay
 * where they are.
 */
export function takeRequests(ring: BackRing, into: Int32Array, max: number): number {
  const ready = requestsReady(ring);
  if (ready <= 0) return ready;
  const count = Math.min(ready, max);
  copySlots(ring, ring.reqCons, count, into);
  ring.reqCons = (ring.reqCons + count) >>> 0;
  return count;
}

/**
 * Copies all requests that wait to the start of `into`, which has room for a ring's: how many, or
 * BROKEN. They stay where they are, for who has to see some before it knows how many it takes.
 */
export function peekRequests(ring: BackRing, into: Int32Array): number {
  const ready = requestsReady(ring);
  if (ready > 0) copySlots(ring, ring.reqCons, ready, into);
  return ready;
}

/** Takes requests that were seen; their slots are to be answered. */
export function consumeRequests(ring: BackRing, count: number): void {
  ring.reqCons = (ring.reqCons + count) >>> 0;
}

/** Where the next response goes. It is seen once it is published. */
export function nextResponse(ring: BackRing): number {
  assert(ring.rspPut !== ring.reqCons, 'more responses than requests');
  const at = slotAt(ring, ring.rspPut);
  ring.rspPut = (ring.rspPut + 1) >>> 0;
  return at;
}

/** Lets the front end see the responses; whether it wants an event for them. */
export function publishResponses(ring: BackRing): boolean {
  const before = ring.rspProd;
  if (before === ring.rspPut) return false;
  ring.rspProd = ring.rspPut;
  store(ring, RSP_PROD, ring.rspProd);
  return passes(load(ring, RSP_EVENT), before, ring.rspProd);
}

/**
 * Asks for an event with the next request, and looks again: one that came meanwhile has none. How
 * many wait, or BROKEN. Before every sleep.
 */
export function awaitRequests(ring: BackRing): number {
  const ready = requestsReady(ring);
  return ready === 0 ? awaitMoreRequests(ring, 0) : ready;
}

/** The same of a ring in which `seen` wait, which do not suffice. */
export function awaitMoreRequests(ring: BackRing, seen: number): number {
  store(ring, REQ_EVENT, ring.reqCons + seen + 1);
  return requestsReady(ring);
}

/** The page is to be as initRing leaves it. */
export function createFrontRing(region: Region, slotBytes: number): FrontRing {
  const slots = slotsOf(region, slotBytes);
  return { region, slotBytes, slots, reqPut: 0, reqProd: 0, rspCons: 0 };
}

/** Requests that there is room for. */
export function requestRoom({ slots, reqPut, rspCons }: FrontRing): number {
  return slots - ((reqPut - rspCons) >>> 0);
}

/** Where the next request goes, which there is room for. It is seen once it is published. */
export function nextRequest(ring: FrontRing): number {
  assert(requestRoom(ring) > 0, 'more requests than slots');
  const at = slotAt(ring, ring.reqPut);
  ring.reqPut = (ring.reqPut + 1) >>> 0;
  return at;
}

/** Lets the back end see the requests; whether it wants an event for them. */
export function publishRequests(ring: FrontRing): boolean {
  const before = ring.reqProd;
  if (before === ring.reqPut) return false;
  ring.reqProd = ring.reqPut;
  store(ring, REQ_PROD, ring.reqProd);
  return passes(load(ring, REQ_EVENT), before, ring.reqProd);
}

/** Responses that wait, or BROKEN: more than there were requests. */
export function responsesReady(ring: FrontRing): number {
  const ready = (load(ring, RSP_PROD) - ring.rspCons) >>> 0;
  return ready > (ring.reqProd - ring.rspCons) >>> 0 ? BROKEN : ready;
}

/** Moves at most `max` responses to the start of `into`: how many, or BROKEN. */
export function takeResponses(ring: FrontRing, into: Int32Array, max: number): number {
  const ready = responsesReady(ring);
  if (ready <= 0) return ready;
  const count = Math.min(ready, max);
  copySlots(ring, ring.rspCons, count, into);
  ring.rspCons = (ring.rspCons + count) >>> 0;
  return count;
}

/** As awaitRequests, for responses. */
export function awaitResponses(ring: FrontRing): number {
  const ready = responsesReady(ring);
  if (ready !== 0) return ready;
  store(ring, RSP_EVENT, ring.rspCons + 1);
  return responsesReady(ring);
}
