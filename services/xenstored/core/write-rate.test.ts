/** The write rate limit: bursts, shares, and waits. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { createWriteRate, type WriteCredit } from './write-rate.ts';

/** A limit, and its clock. */
function limit() {
  const clock = { ms: 0 };
  return { clock, rate: createWriteRate(() => clock.ms) };
}

const account = (): WriteCredit => ({ credit: 0, updatedMs: 0, logged: false });

describe('the write rate limit', () => {
  it.each([
    ['all ten write', 10, 19, 22],
    ['the nine others do not', 1, 190, 202],
  ])('lets a new domain write ten at once; then, if %s', (_who, busy, least, most) => {
    const { rate, clock } = limit();
    const all = Array.from({ length: 10 }, account);
    for (const each of all) rate.domainAdded(each);
    const [one] = all as [WriteCredit];
    for (let i = 0; i < 10; i++) expect(rate.charge(one, 1)).toBe(false);
    let writes = 0;
    for (; clock.ms <= 60_000; clock.ms++) {
      for (const each of all.slice(0, busy)) {
        if (rate.delayMs(each) > 0) continue;
        rate.charge(each, 1);
        if (each === one) writes++;
      }
    }
    expect(writes / 60).toBeGreaterThan(least);
    expect(writes / 60).toBeLessThan(most);
  });

  it('gives a domain in debt what others have saved, within their common reserve', () => {
    const { rate, clock } = limit();
    const [busy, idle] = [account(), account()];
    rate.domainAdded(busy);
    rate.domainAdded(idle);
    clock.ms = 60_000;
    let served = 0;
    while (rate.delayMs(busy) === 0) {
      rate.charge(busy, 1);
      served++;
    }
    expect(served).toBeGreaterThan(500);
    expect(served).toBeLessThanOrEqual(1012);
  });

  it('says how long a domain in debt must wait, to the millisecond', () => {
    const { rate, clock } = limit();
    const random = prng(5);
    const one = account();
    rate.domainAdded(one);
    for (let i = 0; i < 200; i++) {
      rate.charge(one, 1 + random.below(30));
      const delay = rate.delayMs(one);
      if (delay > 0) {
        clock.ms += delay - 1;
        expect(rate.delayMs(one)).toBeGreaterThan(0);
        clock.ms++;
        expect(rate.delayMs(one)).toBe(0);
      }
      clock.ms += random.below(20);
    }
  });

  it('takes the credit of a domain that goes into the reserve, not out of it', () => {
    const { rate } = limit();
    const [one, two] = [account(), account()];
    rate.domainAdded(one);
    rate.domainRemoved(one);
    rate.domainAdded(two);
    expect(two.credit).toBe(10);
  });
});
