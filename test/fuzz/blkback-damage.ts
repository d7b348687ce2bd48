/** What becomes of a page that nobody should have written to. */

import type { Prng } from '../../shared/core/prng.ts';
import { PAGE_SIZE, type Region } from '../../shared/platform/region.ts';

const ENTRY_WORDS = 32;
const HEADER_WORDS = PAGE_SIZE / 4;

type Damage = (words: Int32Array, random: Prng) => void;

/** A word that means something: of the header's first, or of an entry. */
function anyWord(words: Int32Array, random: Prng): number {
  return random.chance(0.2) ? random.below(24) : random.below(words.length);
}

const entryAt = (words: Int32Array, random: Prng): number =>
  HEADER_WORDS + ENTRY_WORDS * random.below((words.length - HEADER_WORDS) / ENTRY_WORDS);

const damages: readonly Damage[] = [
  (words, random) => {
    const at = anyWord(words, random);
    words[at] = (words[at] as number) ^ (1 << random.below(32));
  },
  (words, random) => {
    words[anyWord(words, random)] = random.next();
  },
  (words, random) => {
    words[anyWord(words, random)] = random.pick([0, -1, 1, 2, 3]);
  },
  // A word of another place.
  (words, random) => {
    words[anyWord(words, random)] = words[anyWord(words, random)] as number;
  },
  // An entry's head, response or request.
  (words, random) => {
    words[entryAt(words, random) + random.below(3)] = random.below(64);
  },
  // An entry that is another one's.
  (words, random) => {
    const from = entryAt(words, random);
    words.copyWithin(entryAt(words, random), from, from + ENTRY_WORDS);
  },
  // Two in each other's places, which is as good.
  (words, random) => {
    const [a, b] = [entryAt(words, random), entryAt(words, random)];
    const kept = words.slice(a, a + ENTRY_WORDS);
    words.copyWithin(a, b, b + ENTRY_WORDS);
    words.set(kept, b);
  },
  (words, random) => {
    const at = entryAt(words, random);
    for (let i = 0; i < ENTRY_WORDS; i++) words[at + i] = random.next();
  },
  (words, random) => {
    const at = random.below(words.length);
    words.fill(random.pick([0, -1]), at, at + 1 + random.below(200));
  },
];

export function damageOne({ words }: Region, random: Prng): void {
  random.pick(damages)(words, random);
}
