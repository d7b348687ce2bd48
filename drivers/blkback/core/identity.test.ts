/** Whose a journal is. */

import { describe, expect, it } from 'vitest';
import { claim, disown, ownerOf } from '../../../shared/backend/claim.ts';
import { markLost } from '../../../shared/xenbus/journal-grants.ts';
import { type Identity, identityWords, JOURNAL_VERSION } from './identity.ts';
import { clearJournal, type Journal, journalPages, openJournal } from './journal.ts';

const SLOTS = 32;

function blank(): Journal {
  const memory = new ArrayBuffer(journalPages(SLOTS) * 4096);
  const region = { bytes: new Uint8Array(memory), words: new Int32Array(memory) };
  return openJournal(region, SLOTS, 112);
}

function fresh(): Journal {
  const journal = blank();
  clearJournal(journal, 0);
  return journal;
}

describe('a journal is that of one ring', () => {
  const identity: Identity = {
    ...{ domid: 5, uniqueId: 0x1234_5678_9abc_def0n, device: 51712, queue: 0, slotBytes: 112 },
    ...{ slots: SLOTS, port: 3, ringRefs: [8, 0xffff_fff0] },
  };

  it('and of no other', () => {
    const journal = blank();
    expect(ownerOf(journal.region, identityWords(identity))).toBe('other');
    clearJournal(journal, 0);
    claim(journal.region, identityWords(identity));
    expect(ownerOf(journal.region, identityWords(identity))).toBe('this');
    const others: Partial<Identity>[] = [
      { domid: 6 },
      { uniqueId: 0x1234_5678_9abc_def1n },
      { uniqueId: 0x0234_5678_9abc_def0n },
      { device: 51728 },
      { queue: 1 },
      { slotBytes: 108 },
      { slots: 64 },
      { port: 4 },
      { ringRefs: [8] },
      { ringRefs: [8, 0xffff_fff1] },
      { ringRefs: [8, 0xffff_fff0, 1] },
    ];
    for (const other of others) {
      expect(ownerOf(journal.region, identityWords({ ...identity, ...other }))).toBe('other');
    }
  });

  it('until it is disowned', () => {
    const journal = fresh();
    claim(journal.region, identityWords(identity));
    disown(journal.region);
    expect(ownerOf(journal.region, identityWords(identity))).toBe('other');
  });

  it.each([JOURNAL_VERSION - 1, JOURNAL_VERSION + 1])('or another build’s: %i', (version) => {
    const { region } = fresh();
    const words = identityWords(identity);
    claim(region, words.with(1, version));
    expect(ownerOf(region, words)).toBe(version);
    disown(region);
    expect(ownerOf(region, words)).toBe('other');
  });

  it('or is lost, and then nobody’s, whatever else the page says', () => {
    const { region } = fresh();
    const words = identityWords(identity);
    claim(region, words);
    markLost(region.words);
    expect(ownerOf(region, words)).toBe('lost');
    claim(region, words);
    expect(ownerOf(region, words)).toBe('this');
  });

  // What is taken for another's is served as if nothing were under way.
  it('and no damage makes it another’s', () => {
    const zeroed = fresh();
    claim(zeroed.region, identityWords(identity));
    zeroed.region.words.fill(0, 0, 1024);
    expect(ownerOf(zeroed.region, identityWords(identity))).toBe('damaged');
    for (let at = 1; at < 17; at++) {
      for (let bit = 0; bit < 32; bit++) {
        const journal = fresh();
        claim(journal.region, identityWords(identity));
        journal.region.words[at] = (journal.region.words[at] as number) ^ (1 << bit);
        expect(ownerOf(journal.region, identityWords(identity)), `word ${at}, bit ${bit}`).toBe(
          'damaged',
        );
      }
    }
  });
});
