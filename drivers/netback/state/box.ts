/**
 * The one memory of all tables: a header that says how they lie, then the tables. What a
 * predecessor left is looked at as what a hostile peer wrote; each table's owner looks at its
 * entries. Clocks of two processes have nothing in common: the header has the second of the last
 * tick, and all times of the tables are seconds of that clock.
 */

import { assert } from '../../../shared/core/assert.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { Table, TableForm } from './table.ts';

const MAGIC = 0x6e77_7478;
/** Of the layout of all tables. Another one's are not read. */
const VERSION = 1;

const MAGIC_WORD = 0;
const VERSION_WORD = 1;
/** In seconds. */
const CLOCK_WORD = 2;
const FORMS_WORD = 4;
const FORM_WORDS = 3;
const HEADER_WORDS = 32;

export interface Box {
  readonly tables: readonly Table[];
  /** There are entries of a predecessor's, and this is the second of its clock at its end. */
  readonly keptS: number | undefined;
  readonly words: Int32Array;
}

export function boxBytes(forms: readonly TableForm[]): number {
  return 4 * forms.reduce((sum, { entries, words }) => sum + entries * words, HEADER_WORDS);
}

const headerOf = (forms: readonly TableForm[], shape: number): readonly number[] => [
  // The third is the clock's; the fourth what the configuration says that entries depend on.
  ...[MAGIC, VERSION, 0, shape | 0],
  ...forms.flatMap(({ entries, words, summed }) => [entries, words, summed]),
];

/** Tables of these forms: a predecessor's if it had the same ones, else empty. */
export function openBox(region: Region, forms: readonly TableForm[], shape: number): Box {
  const { words } = region;
  assert(FORMS_WORD + forms.length * FORM_WORDS <= HEADER_WORDS, `${forms.length} tables`);
  assert(words.length * 4 >= boxBytes(forms), 'tables without their memory');
  const header = headerOf(forms, shape);
  const isKept = header.every((word, i) => i === CLOCK_WORD || words[i] === word);
  if (!isKept) {
    Atomics.store(words, MAGIC_WORD, 0);
    words.fill(0);
    for (const [i, word] of header.entries()) if (i !== MAGIC_WORD) words[i] = word;
    Atomics.store(words, VERSION_WORD, VERSION);
    Atomics.store(words, MAGIC_WORD, MAGIC);
  }
  let from = HEADER_WORDS;
  const tables = forms.map((form) => {
    const table = { ...form, memory: words, from };
    from += form.entries * form.words;
    return table;
  });
  return { tables, keptS: isKept ? words[CLOCK_WORD] : undefined, words };
}

/** A second has passed. */
export function noteSecond({ words }: Box, nowS: number): void {
  Atomics.store(words, CLOCK_WORD, nowS | 0);
}

/**
 * A time of a predecessor's by the clock of now: as far from now as it was from its last tick, at
 * most `most` seconds; undefined: it is no such time.
 */
export function moved(
  timeS: number,
  keptS: number,
  nowS: number,
  most: number,
): number | undefined {
  const distance = timeS - keptS;
  return Math.abs(distance) > most ? undefined : nowS + distance;
}
