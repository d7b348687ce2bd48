import { describe, expect, it } from 'vitest';
import { formatReport, median, ratio } from './rows.ts';

describe('rows', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
  ])('the median of %j is %d', (samples, expected) => {
    expect(median(samples)).toBe(expected);
  });

  it('a table has the ratio to each peer, and gaps where a row has no such peer', () => {
    const rows = [
      { row: 'a', unit: 'us', better: 'lower', ours: 50, peers: { xl: 200 }, runs: 10 },
      { row: 'a.step', unit: 'us', better: 'lower', ours: 1234.4, peers: {}, runs: 10 },
    ] as const;
    expect(ratio(rows[0], 'xl')).toBe(0.25);
    const text = formatReport({ bench: 'create', rows });
    expect(text).toMatch(/a +│ us +│ +50.0 │ 200 │ +0.25 │ +10/);
    expect(text).toMatch(/a\.step +│ us +│ +1234 │ +│ +│ +10/);
  });
});
