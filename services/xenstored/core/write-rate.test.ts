/** The write rate limit: bursts, shares, and waits. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { createWriteRate, type WriteCredit } from './write-rate.ts';

const account = (): WriteCredit => ({ credit: 0, updatedMs: 0, logged: false });

describe('the write rate limit', () => {
  it('lets a new domain write ten at once, then twenty a second among ten domains', () => {
    const rate = createWriteRate();
    const all = Array.from({ length: 10 }, account);
    for (const each of all) rate.domainAdded(each, 0);
    const [one] = all as [WriteCredit];
    for (let i = 0; i < 5; i++) expect(rate.charge(one, 1, 0)).toBe(false);
    let writes = 0;
    for (let nowMs = 0; nowMs <= 60_000; nowMs++) {
      if (rate.delayMs(one, nowMs) > 0) continue;
      rate.charge(one, 1, nowMs);
      writes++;
    }
    expect(writes / 60).toBeGreaterThan(19);
    expect(writes / 60).toBeLessThan(22);
  });

  it('gives a domain in debt what others have saved, within their common reserve', () => {
    const rate = createWriteRate();
    const [busy, idle] = [account(), account()];
    rate.domainAdded(busy, 0);
    rate.domainAdded(idle, 0);
    for (let nowMs = 0; nowMs <= 60_000; nowMs += 100) rate.delayMs(idle, nowMs);
    let served = 0;
    while (rate.delayMs(busy, 60_000) === 0) {
      rate.charge(busy, 1, 60_000);
      served++;
    }
    expect(served).toBeGreaterThan(500);
    expect(served).toBeLessThanOrEqual(1012);
  });

  it('says how long a domain in debt must wait, to the millisecond', () => {
    const rate = createWriteRate();
    const random = prng(5);
    const one = account();
    rate.domainAdded(one, 0);
    let nowMs = 0;
    for (let i = 0; i < 200; i++) {
      rate.charge(one, 1 + random.below(30), nowMs);
      const delay = rate.delayMs(one, nowMs);
      if (delay > 0) {
        expect(rate.delayMs(one, nowMs + delay - 1)).toBeGreaterThan(0);
        expect(rate.delayMs(one, nowMs + delay)).toBe(0);
      }
      nowMs += delay + random.below(20);
    }
  });

  it('takes the credit of a domain that goes into the reserve, not out of it', () => {
    const rate = createWriteRate();
    const [one, two] = [account(), account()];
    rate.domainAdded(one, 0);
    rate.domainRemoved(one);
    rate.domainAdded(two, 0);
    expect(two.credit).toBe(10);
  });
});
