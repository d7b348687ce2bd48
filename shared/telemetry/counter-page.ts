/**
 * Counters of a device in a page that others read while it is written, and that the next backend
 * goes on with. Little-endian:
 *
 *     byte  0  u32  magic, of the kind of device
 *           4  u32  version of the layout
 *           8  u32  sequence: odd while the page is written
 *          12  u32  domid of the frontend
 *          16  u64  the domain's unique id, 0 where Xen does not tell
 *          24  u32  the device's number, and a word of zeros
 *          64  f64  each of the counters
 *
 * A counter is a float: a whole number, exact up to 2^53. So each is one aligned word that no
 * reader sees by half, of a backend that died amid a store neither; and with the sequence a reader
 * sees all of them as after one turn.
 */

import { fail, ok, type Result } from '../core/result.ts';
import type { Region } from '../platform/region.ts';

/** Of one kind of device. */
export interface PageForm {
  readonly magic: number;
  readonly version: number;
  /** How many counters. */
  readonly counters: number;
}

/** Whose counters they are. */
export interface Subject {
  readonly domid: number;
  readonly uniqueId: bigint;
  readonly device: number;
}

const VERSION_WORD = 1;
export const SEQUENCE_WORD = 2;
const SUBJECT_WORD = 3;
export const COUNTERS_WORD = 16;

/** A page of this process's own. */
export interface CounterPage {
  readonly words: Int32Array;
  readonly counters: Float64Array;
}

export function newPage(form: PageForm, { domid, uniqueId, device }: Subject): CounterPage {
  const words = new Int32Array(COUNTERS_WORD + 2 * form.counters);
  const counters = new Float64Array(words.buffer, COUNTERS_WORD * 4, form.counters);
  const unique = [Number(uniqueId & 0xffff_ffffn), Number(uniqueId >> 32n)];
  words.set([form.magic, form.version, 0, domid, ...unique, device].map((word) => word | 0));
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

/** What a page says, and whether all of it is of one moment. */
export type CopiedPage = CounterPage & { readonly isWhole: boolean };

/** EPROTO: this is no page of these counters, or has something in it that no backend writes. */
export function readPage(form: PageForm, region: Region): Result<CopiedPage> {
  const page = newPage(form, NOBODY);
  const { words, counters } = page;
  if (region.words.length < words.length) return fail('EPROTO', 'counters are cut off');
  let isWhole = false;
  for (let tries = 0; !isWhole && tries < TRIES_MAX; tries++) {
    const before = Atomics.load(region.words, SEQUENCE_WORD);
    words.set(region.words.subarray(0, words.length));
    isWhole = before % 2 === 0 && Atomics.load(region.words, SEQUENCE_WORD) === before;
  }
  if (words[0] !== form.magic) return fail('EPROTO', 'these are no counters');
  if (words[VERSION_WORD] !== form.version) {
    return fail('EPROTO', `counters of layout ${u32(words, VERSION_WORD)}, not ${form.version}`);
  }
  for (const counter of counters) {
    if (!Number.isInteger(counter) || counter < 0)
      return fail('EPROTO', 'a counter counts nothing');
  }
  return ok({ ...page, isWhole });
}

/** Counters of ours, and the shared page that shows them. */
export interface Tally {
  /** The shared page. Changed between turns. */
  region: Region;
  readonly counters: Float64Array;
  /** The same memory as the counters. */
  readonly words: Int32Array;
  /** Of the shared page, even. */
  sequence: number;
}

const isSame = (a: Subject, b: Subject): boolean =>
  a.domid === b.domid && a.uniqueId === b.uniqueId && a.device === b.device;

/** Goes on in another page. */
export function moveTally(tally: Tally, to: Region): void {
  to.words.set(tally.region.words);
  tally.region = to;
}

/** Goes on with what the page says of the same device; whatever else is in it is overwritten. */
export function startTally(form: PageForm, region: Region, subject: Subject): Tally {
  const page = newPage(form, subject);
  const known = readPage(form, region);
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

export function countMore({ counters }: Tally, place: number, more: number): void {
  (counters[place] as number) += more;
}

/** Lets others see what was counted. */
export function publishTally(tally: Tally): void {
  const { words } = tally.region;
  Atomics.store(words, SEQUENCE_WORD, tally.sequence + 1);
  words.set(tally.words, COUNTERS_WORD);
  tally.sequence = (tally.sequence + 2) | 0;
  Atomics.store(words, SEQUENCE_WORD, tally.sequence);
}
