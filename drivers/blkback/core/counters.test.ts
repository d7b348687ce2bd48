/** Counters as they are written, as others read them, and as nobody wrote them. */

import { describe, expect, it } from 'vitest';
import { must } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import {
  BUCKETS,
  type Counters,
  EVENTS_SENT,
  type Kind,
  REFUSED,
  readCounters,
} from '../../../shared/telemetry/blk-counters.ts';
import { count, publishTally, type Subject } from '../../../shared/telemetry/counter-page.ts';
import { countAnswer, countDepth, countLatency, openTally } from './tally.ts';

const SUBJECT: Subject = { domid: 5, uniqueId: 0xfedc_ba98_7654_3210n, device: 51712 };

function page(): Region {
  const memory = new ArrayBuffer(4096);
  return { bytes: new Uint8Array(memory), words: new Int32Array(memory) };
}

const read = (region: Region): Counters => must(readCounters(region));

it('begin at nothing, and say whose they are', () => {
  const region = page();
  openTally(region, SUBJECT);
  const found = read(region);
  expect(found).toMatchObject({ ...SUBJECT, refused: 0, depth: 0, turns: 0, isWhole: true });
  expect(found.kinds.read).toEqual({ requests: 0, bytes: 0, errors: 0 });
  expect(found.latencies.flush).toEqual(Array(BUCKETS).fill(0));
});

it.each([
  ['a read', 0, 'read'],
  ['a write', 1, 'write'],
  ['a barrier', 2, 'flush'],
  ['a flush', 3, 'flush'],
  ['a discard', 5, 'discard'],
  ['operation 4', 4, 'other'],
  ['operation 255', 255, 'other'],
] as [string, number, Kind][])('%s is counted as what it is', (_, operation, kind) => {
  const region = page();
  const tally = openTally(region, SUBJECT);
  countAnswer(tally, operation, 8192, 0);
  countAnswer(tally, operation, 512, 0);
  countAnswer(tally, operation, 4096, -1);
  publishTally(tally);
  const { kinds } = read(region);
  const none = { requests: 0, bytes: 0, errors: 0 };
  const all = { read: none, write: none, flush: none, discard: none, other: none };
  expect(kinds).toEqual({ ...all, [kind]: { requests: 3, bytes: 8704, errors: 1 } });
});

it.each([
  ['no time', 0, 0],
  ['a clock that went back', -5, 0],
  ['one', 1, 0],
  ['two', 2, 1],
  ['three', 3, 1],
  ['four', 4, 2],
  ['a thousand', 1000, 9],
  ['32 seconds', 2 ** 25, 25],
  ['a minute', 60_000_000, 25],
  ['a week', 6e11, 25],
])('microseconds go into their bucket: %s', (_, us, bucket) => {
  const region = page();
  const tally = openTally(region, SUBJECT);
  countLatency(tally, 0, us);
  countLatency(tally, 3, us);
  countLatency(tally, 5, us);
  publishTally(tally);
  const { latencies } = read(region);
  const want = Array.from({ length: BUCKETS }, (_, i) => (i === bucket ? 1 : 0));
  expect(latencies).toEqual({ read: want, write: Array(BUCKETS).fill(0), flush: want });
});

it('the highest depth stays', () => {
  const region = page();
  const tally = openTally(region, SUBJECT);
  for (const depth of [3, 9, 2]) countDepth(tally, depth);
  publishTally(tally);
  expect(read(region)).toMatchObject({ depth: 2, depthMax: 9 });
});

describe('the next backend', () => {
  it('goes on with them', () => {
    const region = page();
    const first = openTally(region, SUBJECT);
    count(first, REFUSED);
    publishTally(first);
    // What is not published dies with it.
    count(first, REFUSED);
    const second = openTally(region, SUBJECT);
    count(second, REFUSED);
    publishTally(second);
    expect(read(region)).toMatchObject({ refused: 2, isWhole: true });
  });

  it.each([{ domid: 6 }, { uniqueId: 1n }, { device: 51728 }])(
    'of another, %o, begins',
    (other) => {
      const region = page();
      const first = openTally(region, SUBJECT);
      count(first, EVENTS_SENT);
      publishTally(first);
      openTally(region, { ...SUBJECT, ...other });
      expect(read(region)).toMatchObject({ ...SUBJECT, ...other, eventsSent: 0 });
    },
  );

  it.each([1, 2, 3])('mends what its predecessor has left at its store %i', (store) => {
    const region = page();
    const first = openTally(region, SUBJECT);
    count(first, REFUSED);
    publishTally(first);
    region.words[2] = store;
    expect(readCounters(region)).toMatchObject({ value: { isWhole: store % 2 === 0 } });
    openTally(region, SUBJECT);
    expect(read(region)).toMatchObject({ refused: 1, isWhole: true });
  });
});

it('exact where they are large', () => {
  const region = page();
  const tally = openTally(region, SUBJECT);
  const large = 2 ** 61;
  countAnswer(tally, 1, large, 0);
  for (let i = 0; i < 1000; i++) countAnswer(tally, 1, 512, 0);
  publishTally(tally);
  expect(read(region).kinds.write.bytes).toBe(large + 512_000);
});

/** A page whose words change while they are read: the writer's turn comes at each look. */
function written(region: Region, write: () => void): Region {
  return {
    get bytes() {
      return region.bytes;
    },
    get words() {
      write();
      return region.words;
    },
  };
}

it('a reader sees them as they were after one turn', () => {
  const region = page();
  const tally = openTally(region, SUBJECT);
  let turns = 0;
  const turn = (): void => {
    // A reader looks four times; at the third try nobody writes any more.
    if (++turns > 8) return;
    count(tally, REFUSED);
    publishTally(tally);
  };
  expect(must(readCounters(written(region, turn)))).toMatchObject({ refused: 8, isWhole: true });
});

it('of a writer that never stops a reader takes what it gets, and says so', () => {
  const region = page();
  const tally = openTally(region, SUBJECT);
  const found = must(readCounters(written(region, () => publishTally(tally))));
  expect(found.isWhole).toBe(false);
});

it.each([
  ['zeros', page(), 'no counters'],
  ['another layout', change(1, 9), 'layout 9'],
  ['a counter below zero', change(17, 0xbff0_0000), 'counts nothing'],
  ['a counter that is none', change(17, 0x7ff8_0000), 'counts nothing'],
  ['a fraction', change(17, 0x3fe0_0000), 'counts nothing'],
  ['half of a page', { bytes: new Uint8Array(64), words: new Int32Array(16) }, 'cut off'],
])('%s is no page of them', (_, region, why) => {
  const found = readCounters(region);
  expect(found).toMatchObject({ ok: false, error: { errno: 'EPROTO' } });
  expect(found.ok ? '' : found.error.what).toContain(why);
});

function change(word: number, value: number): Region {
  const region = page();
  openTally(region, SUBJECT);
  region.words[word] = value;
  return region;
}
