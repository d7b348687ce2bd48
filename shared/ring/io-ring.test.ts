import { afterEach, describe, expect, it, vi } from 'vitest';
import { BROKEN } from '../core/ring-moves.ts';
import type { Region } from '../platform/region.ts';
import * as ring from './io-ring.ts';

const SLOT = 16;
/** Slots of the ring that most tests use. */
const SLOTS = 128;

function pageOf(pages = 1): Region {
  const memory = new ArrayBuffer(pages * 4096);
  const region = { bytes: new Uint8Array(memory).fill(0xee), words: new Int32Array(memory) };
  ring.initRing(region);
  return region;
}

function ends(): { region: Region; front: ring.FrontRing; back: ring.BackRing } {
  const region = pageOf();
  const front = ring.createFrontRing(region, SLOT);
  return { region, front, back: ring.createBackRing(region, SLOT) };
}

const [REQ_PROD, RSP_PROD] = [0, 2];
const into = new Int32Array(4096 / 4);

/** Puts requests that begin with numbers from `first` on, unpublished. */
function request({ region, front }: ReturnType<typeof ends>, count: number, first = 0): void {
  for (let i = 0; i < count; i++) region.words[ring.nextRequest(front) / 4] = first + i;
}

function respond({ region, back }: ReturnType<typeof ends>, count: number): void {
  for (let i = 0; i < count; i++) region.words[ring.nextResponse(back) / 4] = 1000 + i;
}

it.each([
  ['blkif', 112, 1, 32],
  ['blkif of order 4', 112, 16, 512],
  ['blkif of 32 bits', 108, 1, 32],
  ['netif tx', 12, 1, 256],
  ['netif rx', 8, 1, 256],
])('ring trap 4: a ring of %s has slots of %i bytes: in %i pages %i', (_, bytes, pages, slots) => {
  expect(ring.ringSlots(pages, bytes)).toBe(slots);
});

it('carries requests there and responses back', () => {
  const all = ends();
  request(all, 3, 7);
  expect(ring.requestsReady(all.back)).toBe(0);
  expect(ring.publishRequests(all.front)).toBe(true);
  expect(ring.takeRequests(all.back, into, 2)).toBe(2);
  expect([into[0], into[SLOT / 4]]).toEqual([7, 8]);
  expect(ring.requestsReady(all.back)).toBe(1);
  respond(all, 2);
  expect(ring.responsesReady(all.front)).toBe(0);
  expect(ring.publishResponses(all.back)).toBe(true);
  expect(ring.takeResponses(all.front, into, 9)).toBe(2);
  expect([into[0], into[SLOT / 4]]).toEqual([1000, 1001]);
});

it('has room for as many requests as slots, and for no more responses than requests', () => {
  const all = ends();
  request(all, SLOTS);
  expect(ring.requestRoom(all.front)).toBe(0);
  expect(() => ring.nextRequest(all.front)).toThrow('more requests than slots');
  ring.publishRequests(all.front);
  expect(() => ring.nextResponse(all.back)).toThrow('more responses than requests');
  expect(ring.takeRequests(all.back, into, 999)).toBe(SLOTS);
});

it('takes over where another back end has left', () => {
  const all = ends();
  request(all, 5);
  ring.publishRequests(all.front);
  ring.takeRequests(all.back, into, 2);
  respond(all, 2);
  ring.publishResponses(all.back);
  const from = ring.publishedResponses(all.region);
  expect(from).toBe(2);
  const next = ring.createBackRing(all.region, SLOT, from);
  expect(ring.takeRequests(next, into, 9)).toBe(3);
  expect(into[0]).toBe(2);
});

// A ring whose indices lie must not make anybody go round.
describe('ring trap 2; XSA-39: a front end that lies about its requests', () => {
  it.each([
    ['one more than there are slots', 3, 1, SLOTS + 2],
    ['fewer than were taken', 3, 1, 2],
    ['fewer than were answered', 3, 1, 0],
    ['all of them', 0, 0, 0xffffffff],
    ['half of them', 0, 0, 0x80000000],
  ])('by %s is found out', (_, taken, answered, reqProd) => {
    const all = ends();
    request(all, taken);
    ring.publishRequests(all.front);
    ring.takeRequests(all.back, into, taken);
    respond(all, answered);
    all.region.words[REQ_PROD] = reqProd;
    const before = into.slice();
    expect(ring.requestsReady(all.back)).toBe(BROKEN);
    expect(ring.takeRequests(all.back, into, 9)).toBe(BROKEN);
    expect(ring.awaitRequests(all.back)).toBe(BROKEN);
    expect(into).toEqual(before);
  });
});

it.each([
  ['more than there were requests', 3],
  ['one less than were taken', 0xffffffff],
])('a back end that publishes %s is found out', (_, rspProd) => {
  const all = ends();
  request(all, 4);
  all.front.reqProd = 2;
  all.region.words[RSP_PROD] = rspProd;
  expect(ring.responsesReady(all.front)).toBe(BROKEN);
  expect(ring.takeResponses(all.front, into, 9)).toBe(BROKEN);
});

// What a request says may change while it is looked at.
it('ring trap 1; XSA-155: a request is what it was when it was taken', () => {
  const all = ends();
  request(all, 1, 7);
  ring.publishRequests(all.front);
  ring.takeRequests(all.back, into, 1);
  all.region.words.fill(-1);
  expect(into[0]).toBe(7);
});

it('what a front end writes over our index changes nothing', () => {
  const all = ends();
  request(all, 2);
  ring.publishRequests(all.front);
  ring.takeRequests(all.back, into, 2);
  respond(all, 1);
  ring.publishResponses(all.back);
  all.region.words[RSP_PROD] = 77;
  respond(all, 1);
  expect(ring.publishResponses(all.back)).toBe(false);
  expect(all.region.words[RSP_PROD]).toBe(2);
});

describe('ring trap 3: no request goes unheard', () => {
  afterEach(() => vi.unstubAllGlobals());

  /** Runs `inner` before the n-th access to an index that `outer` makes; how many it makes. */
  function within<T>(n: number, inner: () => void, outer: () => T): { value: T; accesses: number } {
    const { load, store } = Atomics;
    let accesses = 0;
    let isInside = false;
    const meet = (): void => {
      if (isInside || accesses++ !== n) return;
      isInside = true;
      inner();
      isInside = false;
    };
    const each =
      <A extends readonly unknown[], R>(access: (...args: A) => R) =>
      (...args: A): R => {
        meet();
        return access(...args);
      };
    vi.stubGlobal('Atomics', { load: each(load), store: each(store) });
    const value = outer();
    vi.unstubAllGlobals();
    return { value, accesses };
  }

  it.each([0, 1, 2, 3])('that comes before look %i of a back end that goes to sleep', (n) => {
    const all = ends();
    let event = false;
    const publish = (): void => {
      request(all, 1);
      event = ring.publishRequests(all.front);
    };
    // It has slept before, so that the first event was used up.
    publish();
    ring.takeRequests(all.back, into, 1);
    event = false;
    const { value, accesses } = within(n, publish, () => ring.awaitRequests(all.back));
    expect(accesses).toBe(n === 0 ? 1 : 3);
    if (n === 3) publish();
    expect([event, value > 0]).toContain(true);
  });

  it.each([0, 1, 2])('where a back end falls asleep before look %i of the front end', (n) => {
    const all = ends();
    request(all, 1);
    ring.publishRequests(all.front);
    ring.takeRequests(all.back, into, 1);
    let found = 0;
    const fallAsleep = (): void => {
      found = ring.awaitRequests(all.back);
    };
    request(all, 1);
    const { value: event } = within(n, fallAsleep, () => ring.publishRequests(all.front));
    if (n === 2) fallAsleep();
    expect([event, found > 0]).toContain(true);
  });
});
