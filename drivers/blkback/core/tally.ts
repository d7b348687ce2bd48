/** The counting of what a disk does: in memory of our own, and once a turn into the shared page. */

import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_OKAY,
} from '../../../shared/abi/blkif.ts';
import type { Region } from '../../../shared/platform/region.ts';
import {
  BUCKETS,
  COUNTERS_WORD,
  copyPage,
  createPage,
  DEPTH,
  DEPTH_MAX,
  HISTOGRAMS,
  KINDS,
  type Kind,
  PER_KIND,
  SEQUENCE_WORD,
  type Subject,
  subjectOf,
  TIMED_KINDS,
} from '../../../shared/telemetry/blk-counters.ts';

export interface Tally {
  /** The shared page. */
  readonly region: Region;
  readonly counters: Float64Array;
  /** The same memory as the counters. */
  readonly words: Int32Array;
  /** Of the shared page, even. */
  sequence: number;
}

/** By operation. Linux's backend counts barriers as flushes, too (blkback.c @ v6.12). */
const KIND_OF = new Uint8Array(256).fill(KINDS.indexOf('other'));
const kinds: readonly (readonly [number, Kind])[] = [
  [BLKIF_OP_READ, 'read'],
  [BLKIF_OP_WRITE, 'write'],
  [BLKIF_OP_WRITE_BARRIER, 'flush'],
  [BLKIF_OP_FLUSH_DISKCACHE, 'flush'],
  [BLKIF_OP_DISCARD, 'discard'],
];
for (const [operation, kind] of kinds) KIND_OF[operation] = KINDS.indexOf(kind);

const isSame = (a: Subject, b: Subject): boolean =>
  a.domid === b.domid && a.uniqueId === b.uniqueId && a.device === b.device;

/** Goes on with what the page says of the same disk; whatever else is in it is overwritten. */
export function openTally(region: Region, subject: Subject): Tally {
  const page = createPage(subject);
  const known = copyPage(region);
  if (known.ok && isSame(subjectOf(known.value), subject)) page.counters.set(known.value.counters);
  // A predecessor may have died in between.
  const sequence = ((Atomics.load(region.words, SEQUENCE_WORD) | 1) + 1) | 0;
  page.words[SEQUENCE_WORD] = sequence - 1;
  Atomics.store(region.words, SEQUENCE_WORD, sequence - 1);
  region.words.set(page.words);
  Atomics.store(region.words, SEQUENCE_WORD, sequence);
  const words = page.words.subarray(COUNTERS_WORD);
  return { region, counters: page.counters, words, sequence };
}

export function count({ counters }: Tally, place: number): void {
  (counters[place] as number)++;
}

/** A request is answered, with so many bytes done if it was. */
export function countAnswer(
  { counters }: Tally,
  operation: number,
  bytes: number,
  status: number,
): void {
  const at = (KIND_OF[operation] as number) * PER_KIND;
  (counters[at] as number)++;
  if (status === BLKIF_RSP_OKAY) (counters[at + 1] as number) += bytes;
  else (counters[at + 2] as number)++;
}

/** How long one took that was not refused. */
export function countLatency({ counters }: Tally, operation: number, us: number): void {
  const kind = KIND_OF[operation] as number;
  if (kind >= TIMED_KINDS) return;
  const bucket = us < 1 ? 0 : us < 2 ** BUCKETS ? 31 - Math.clz32(us) : BUCKETS - 1;
  (counters[HISTOGRAMS + kind * BUCKETS + bucket] as number)++;
}

export function countDepth({ counters }: Tally, depth: number): void {
  counters[DEPTH] = depth;
  if (depth > (counters[DEPTH_MAX] as number)) counters[DEPTH_MAX] = depth;
}

/** Lets others see what was counted. */
export function publishTally(tally: Tally): void {
  const { words } = tally.region;
  Atomics.store(words, SEQUENCE_WORD, tally.sequence + 1);
  words.set(tally.words, COUNTERS_WORD);
  tally.sequence = (tally.sequence + 2) | 0;
  Atomics.store(words, SEQUENCE_WORD, tally.sequence);
}
