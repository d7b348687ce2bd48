/**
 * What a disk has done: a page as in counter-page.ts, layout 1, with these counters.
 *
 * Of reads, writes, flushes (barriers are some), discards and others each the requests that were
 * answered, bytes moved, and errors; then those of SCALARS; then of reads, writes and flushes
 * BUCKETS counts each of how long they took, from when they were taken to when their answer could
 * be seen. Bucket i has those of 2^i to 2^(i+1) microseconds, the first also what was faster and
 * the last what took longer. Requests that were refused, or taken by a predecessor, are in none.
 * Bytes are whole sectors of 512, and so exact up to 2^62.
 */

import { ok, type Result } from '../core/result.ts';
import type { Region } from '../platform/region.ts';
import {
  type CopiedPage,
  type CounterPage,
  newPage,
  type PageForm,
  readPage,
  type Subject,
  subjectOf,
} from './counter-page.ts';

/** Kinds of operations, those whose latencies are counted first. */
export const KINDS = ['read', 'write', 'flush', 'discard', 'other'] as const;
export type Kind = (typeof KINDS)[number];

const TIMED = ['read', 'write', 'flush'] as const;
export const TIMED_KINDS = TIMED.length;

/** From a microsecond to 32 seconds. */
export const BUCKETS = 26;

const SCALARS = [
  'refused',
  'depth',
  'depthMax',
  'turns',
  'eventsSent',
  'eventsReceived',
  'repeated',
] as const;
type Scalar = (typeof SCALARS)[number];

export interface KindCounters {
  /** Answered, with errors, too. */
  readonly requests: number;
  /** Of those that were done. */
  readonly bytes: number;
  readonly errors: number;
}

export interface Counters extends Subject {
  readonly kinds: Readonly<Record<Kind, KindCounters>>;
  /** Requests by how many microseconds they took: BUCKETS numbers each. */
  readonly latencies: Readonly<Record<(typeof TIMED)[number], readonly number[]>>;
  /** Errors in which the disk had no part: the frontend asked for what cannot be. */
  readonly refused: number;
  /** Requests that are taken and not answered, and the most that there were. */
  readonly depth: number;
  readonly depthMax: number;
  readonly turns: number;
  readonly eventsSent: number;
  readonly eventsReceived: number;
  /** Requests that were begun again, since the backend that had begun them died. */
  readonly repeated: number;
  /** Whether all are of one moment; they are not where a backend died while it wrote them. */
  readonly isWhole: boolean;
}

/** Places of counters: those of a kind from its number times PER_KIND on. */
export const PER_KIND = 3;
const scalarAt = (name: Scalar): number => KINDS.length * PER_KIND + SCALARS.indexOf(name);
export const REFUSED = scalarAt('refused');
export const DEPTH = scalarAt('depth');
export const DEPTH_MAX = scalarAt('depthMax');
export const TURNS = scalarAt('turns');
export const EVENTS_SENT = scalarAt('eventsSent');
export const EVENTS_RECEIVED = scalarAt('eventsReceived');
export const REPEATED = scalarAt('repeated');
export const HISTOGRAMS = KINDS.length * PER_KIND + SCALARS.length;
const COUNTERS = HISTOGRAMS + TIMED_KINDS * BUCKETS;

export const BLK_FORM: PageForm = { magic: 0x736c_7478, version: 1, counters: COUNTERS };

/** A page of this process's own. */
export const createPage = (subject: Subject): CounterPage => newPage(BLK_FORM, subject);

/** EPROTO: this is no page of counters, or there is something in it that no backend writes. */
export const copyPage = (region: Region): Result<CopiedPage> => readPage(BLK_FORM, region);

/**
 * How long so many of the operations took at most, in microseconds: the upper end of the bucket
 * that the one of this fraction is in. Undefined: there were none.
 */
export function latencyAt(buckets: readonly number[], fraction: number): number | undefined {
  const all = buckets.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  let left = Math.ceil(all * fraction);
  for (const [i, count] of buckets.entries()) {
    left -= count;
    if (left <= 0) return 2 ** (i + 1);
  }
  return undefined;
}

/** What the page says. EPROTO: it is none, or of another layout. */
export function readCounters(region: Region): Result<Counters> {
  const copied = copyPage(region);
  if (!copied.ok) return copied;
  const { counters, isWhole } = copied.value;
  const at = (place: number): number => counters[place] as number;
  const kindAt = (kind: Kind): KindCounters => {
    const from = KINDS.indexOf(kind) * PER_KIND;
    return { requests: at(from), bytes: at(from + 1), errors: at(from + 2) };
  };
  const latenciesOf = (kind: (typeof TIMED)[number]): readonly number[] => {
    const from = HISTOGRAMS + TIMED.indexOf(kind) * BUCKETS;
    return [...counters.subarray(from, from + BUCKETS)];
  };
  return ok({
    ...subjectOf(copied.value),
    kinds: {
      read: kindAt('read'),
      write: kindAt('write'),
      flush: kindAt('flush'),
      discard: kindAt('discard'),
      other: kindAt('other'),
    },
    latencies: {
      read: latenciesOf('read'),
      write: latenciesOf('write'),
      flush: latenciesOf('flush'),
    },
    refused: at(REFUSED),
    depth: at(DEPTH),
    depthMax: at(DEPTH_MAX),
    turns: at(TURNS),
    eventsSent: at(EVENTS_SENT),
    eventsReceived: at(EVENTS_RECEIVED),
    repeated: at(REPEATED),
    isWhole,
  });
}
