/** Journals as predecessors leave them, and as nobody does. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import {
  clearJournal,
  type Journal,
  journalPages,
  noteAttempt,
  noteConsumed,
  noteDone,
  noteFree,
  noteTaken,
  openJournal,
  type Recovered,
  recover,
  settleRecovered,
} from './journal.ts';

const SLOTS = 32;
const SLOT = new Int32Array(28).fill(7);

function blank(): Journal {
  const memory = new ArrayBuffer(journalPages(SLOTS) * 4096);
  const region = { bytes: new Uint8Array(memory), words: new Int32Array(memory) };
  return openJournal(region, SLOTS, 112);
}

function fresh(reqCons = 0): Journal {
  const journal = blank();
  clearJournal(journal, reqCons);
  return journal;
}

const take = (journal: Journal, entry: number, request: number): void =>
  noteTaken(journal, entry, request, SLOT, 0);

it.each([
  ['a page of slots', 32, 2],
  ['a ring of 16 pages', 512, 17],
])('%s needs so many pages', (_, slots, pages) => {
  expect(journalPages(slots)).toBe(pages);
});

describe.each([0, 2 ** 32 - 3])('from index %i on', (from) => {
  const at = (n: number): number => (from + n) >>> 0;

  it('nothing was begun', () => {
    expect(recover(fresh(from), from, at(5))).toEqual({
      ...{ reqCons: from, rspProd: from, answered: [], left: [] },
    });
  });

  it('what was taken is left, in the order of the requests', () => {
    const journal = fresh(from);
    take(journal, 9, at(0));
    take(journal, 2, at(1));
    take(journal, 5, at(2));
    noteConsumed(journal, at(3));
    noteAttempt(journal, 2);
    noteAttempt(journal, 2);
    const [first, second, third] = [9, 2, 5].map((entry, i) => ({
      ...{ entry, request: at(i), attempts: entry === 2 ? 2 : 0 },
    }));
    expect(recover(journal, from, at(3))).toEqual({
      ...{ reqCons: at(3), rspProd: from, answered: [], left: [first, second, third] },
    });
  });

  it('death between an entry and the count loses nothing', () => {
    const journal = fresh(from);
    take(journal, 0, at(0));
    noteConsumed(journal, at(1));
    take(journal, 1, at(1));
    take(journal, 2, at(2));
    expect(recover(journal, from, at(4))).toMatchObject({ reqCons: at(3) });
  });

  it('and the death of who found that does not either, though it took nothing more', () => {
    const journal = fresh(from);
    take(journal, 0, at(0));
    take(journal, 1, at(1));
    settleRecovered(journal, recover(journal, from, at(2)) as Recovered);
    for (const entry of [0, 1]) noteDone(journal, entry, at(entry), 0);
    for (const entry of [0, 1]) noteFree(journal, entry);
    expect(recover(journal, at(2), at(2))).toEqual({
      ...{ reqCons: at(2), rspProd: at(2), answered: [], left: [] },
    });
  });

  it('answers that were not seen are given again, those that were are not', () => {
    const journal = fresh(from);
    for (let i = 0; i < 4; i++) take(journal, i, at(i));
    noteConsumed(journal, at(4));
    noteDone(journal, 2, at(0), 0);
    noteDone(journal, 1, at(1), -1);
    noteDone(journal, 3, at(2), 0);
    const all = recover(journal, from, at(4));
    expect(all).toMatchObject({
      answered: [
        { entry: 2, status: 0 },
        { entry: 1, status: -1 },
        { entry: 3, status: 0 },
      ],
      left: [{ entry: 0 }],
    });
    expect(recover(journal, at(2), at(4))).toMatchObject({
      ...{ rspProd: at(2), answered: [{ entry: 3 }], left: [{ entry: 0 }] },
    });
  });

  it('one may stay while any number of others come and go', () => {
    const journal = fresh(from);
    take(journal, 0, at(0));
    for (let i = 1; i <= 100; i++) {
      take(journal, 1, at(i));
      noteConsumed(journal, at(i + 1));
      noteDone(journal, 1, at(i - 1), 0);
      noteFree(journal, 1);
    }
    expect(recover(journal, at(100), at(101))).toMatchObject({
      ...{ reqCons: at(101), left: [{ entry: 0, request: at(0) }] },
    });
  });
});

describe('what does not add up is told', () => {
  it.each([
    ['a ring with too many requests', () => recover(fresh(), 0, 33), 'more requests than slots'],
    ['too many taken', () => recover(fresh(40), 0, 32), 'than there are slots'],
    ['more taken than there are', () => recover(fresh(5), 0, 4), 'than there are requests'],
    ['one that is lost', () => recover(fresh(1), 0, 1), '0 taken and 0 answered, of 1'],
    [
      'one that was taken twice',
      () => {
        const journal = fresh(1);
        take(journal, 0, 0);
        take(journal, 1, 0);
        return recover(journal, 0, 1);
      },
      'request 0 was taken twice',
    ],
    [
      'a gap between answers',
      () => {
        const journal = fresh(2);
        take(journal, 0, 0);
        noteDone(journal, 0, 1, 0);
        return recover(journal, 0, 2);
      },
      'responses are missing',
    ],
    [
      'an answer that was given twice',
      () => {
        const journal = fresh(2);
        take(journal, 0, 0);
        take(journal, 1, 1);
        noteDone(journal, 0, 0, 0);
        noteDone(journal, 1, 0, 0);
        return recover(journal, 0, 2);
      },
      'response 0 was given twice',
    ],
    [
      'a state that there is not',
      () => {
        const journal = fresh();
        journal.region.words.fill(0xfffc_0003, 1024);
        return recover(journal, 0, 0);
      },
      'entry 0 is damaged',
    ],
  ])('%s', (_, recovered, why) => {
    expect(recovered()).toContain(why);
  });

  /** One that was taken, one that was answered and not seen, and one that was seen. */
  function busy(): Journal {
    const journal = fresh();
    take(journal, 4, 0);
    take(journal, 9, 1);
    take(journal, 2, 2);
    noteConsumed(journal, 3);
    noteDone(journal, 2, 0, 0);
    noteDone(journal, 4, 1, -1);
    return journal;
  }

  it('no damage of one bit is believed, where it matters', () => {
    const good = recover(busy(), 1, 3);
    expect(good).toMatchObject({ answered: [{ entry: 4, status: -1 }], left: [{ entry: 9 }] });
    // Of entries that are free, and of what is behind a slot's copy, nothing matters.
    const matters = [4, 9].flatMap((entry) =>
      Array.from({ length: 32 }, (_, i) => 1024 + 32 * entry + i),
    );
    for (const at of [0, 1024, 1024 + 32 * 2, ...matters]) {
      for (let bit = 0; bit < 32; bit++) {
        const journal = busy();
        journal.region.words[at] = (journal.region.words[at] as number) ^ (1 << bit);
        const isResponseOfTaken = at === 1024 + 32 * 9 + 1;
        const found = recover(journal, 1, 3);
        if (isResponseOfTaken) expect(found).toEqual(good);
        else expect(found, `word ${at}, bit ${bit}`).toBeTypeOf('string');
      }
    }
  });

  it('noise is never believed to be more than it can be', () => {
    const random = prng(11);
    let believed = 0;
    for (let round = 0; round < 12000; round++) {
      const journal = fresh(random.below(40));
      const rest = () => random.below(40);
      for (let left = random.below(60); left > 0; left--) {
        const entry = random.below(SLOTS);
        if (random.chance(0.5)) take(journal, entry, rest());
        if (random.chance(0.5)) noteDone(journal, entry, rest(), 0);
        if (random.chance(0.3)) noteFree(journal, entry);
      }
      const rspProd = rest();
      const found = recover(journal, rspProd, rspProd + random.below(36));
      if (typeof found === 'string') continue;
      believed++;
      const { answered, left, reqCons } = found;
      expect(answered.length + left.length).toBe(reqCons - rspProd);
      expect(reqCons - rspProd).toBeLessThanOrEqual(SLOTS);
    }
    expect(believed).toBeGreaterThan(9);
  });
});
