/**
 * What a disk has done, in a page that others read while it is written, and that the next backend
 * goes on with. Little-endian, layout 1:
 *
 *     byte  0  u32  magic, "xtls"
 *           4  u32  version of the layout
 *           8  u32  sequence: odd while the page is written
 *          12  u32  domid of the frontend
 *          16  u64  the domain's unique id, 0 where Xen does not tell
 *          24  u32  the device's number, and a word of zeros
 *          64  f64  each of the counters, in the order of the next paragraph
 *
 * Of reads, writes, flushes (barriers are some), discards and others each the requests that were
 * answered, bytes moved, and errors; then those of SCALARS; then of reads, writes and flushes
 * BUCKETS counts each of how long they took, from when they were taken to when their answer could
 * be seen. Bucket i has those of 2^i to 2^(i+1) microseconds, the first also what was faster and
 * the last what took longer. Requests that were refused, or taken by a predecessor, are in none.
 *
 * A counter is a float: a whole number, exact up to 2^53, and bytes, which are whole sectors of
 * 512, up to 2^62. So each is one aligned word that no reader sees by half, of a backend that died
 * amid a store neither; and with the sequence a reader sees all of them as after one turn.
 */

import { fail, ok, type Result } from '../core/result.ts';
import type { Region } from '../platform/region.ts';

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

/** Whose counters they are. */
export interface Subject {
  readonly domid: number;
  readonly uniqueId: bigint;
  readonly device: number;
}

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

const MAGIC = 0x736c_7478;
const VERSION = 1;
const VERSION_WORD = 1;
export const SEQUENCE_WORD = 2;
const SUBJECT_WORD = 3;
export const COUNTERS_WORD = 16;

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

/** A page of this process's own. */
export interface CounterPage {
  readonly words: Int32Array;
  readonly counters: Float64Array;
}

export function createPage({ domid, uniqueId, device }: Subject): CounterPage {
  const words = new Int32Array(COUNTERS_WORD + 2 * COUNTERS);
  const counters = new Float64Array(words.buffer, COUNTERS_WORD * 4, COUNTERS);
  const unique = [Number(uniqueId & 0xffff_ffffn), Number(uniqueId >> 32n)];
  words.set([MAGIC, VERSION, 0, domid, ...unique, device].map((word) => word | 0));
  return { words, counters };
}

const u32 = (words: Int32Array, at: number): number => (words[at] as number) >>> 0;

export function subjectOf({ words }: CounterPage): Subject {
  return {
    domid: u32(words, SUBJECT_WORD),
    uniqueId: (BigInt(u32(words, SUBJECT_WORD + 2)) << 32n) | BigInt(u32(words, SUBJECT_WORD + 1)),
    device: u32(words, SUBJECT_WORD + 3),
  };
}

/** Of a page that was read as a file. */
export function sequenceOf(page: Uint8Array): number {
  const at = SEQUENCE_WORD * 4;
  return new DataView(page.buffer, page.byteOffset, page.length).getUint32(at, true);
}

/** A turn's last step takes less than a microsecond. */
const TRIES_MAX = 1000;

const NOBODY: Subject = { domid: 0, uniqueId: 0n, device: 0 };

/** EPROTO: this is no page of counters, or there is something in it that no backend writes. */
export function copyPage(region: Region): Result<CounterPage & { readonly isWhole: boolean }> {
  const page = createPage(NOBODY);
  const { words, counters } = page;
  if (region.words.length < words.length) return fail('EPROTO', 'counters are cut off');
  let isWhole = false;
  for (let tries = 0; !isWhole && tries < TRIES_MAX; tries++) {
    const before = Atomics.load(region.words, SEQUENCE_WORD);
    words.set(region.words.subarray(0, words.length));
    isWhole = before % 2 === 0 && Atomics.load(region.words, SEQUENCE_WORD) === before;
  }
  if (words[0] !== MAGIC) return fail('EPROTO', 'these are no counters');
  if (words[VERSION_WORD] !== VERSION) {
    return fail('EPROTO', `counters of layout ${u32(words, VERSION_WORD)}, not ${VERSION}`);
  }
  for (const counter of counters) {
    if (!Number.isInteger(counter) || counter < 0)
      return fail('EPROTO', 'a counter counts nothing');
  }
  return ok({ ...page, isWhole });
}

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
