import { expect, it } from 'vitest';
import { ratio } from './rows.ts';
import { stubdomReport } from './stubdom.ts';

it('has the rows in their order, each beside its own peer', () => {
  const both = { 'read-1': [10, 30, 20], 'write-1': [5], 'guests-8': [100] };
  const ours = {
    ...both,
    ...{ 'image-bytes': [1000], 'memory-idle': [2000], 'memory-100-domains': [3000] },
    ...{ 'first-reply': [50], 'linux-guest': [500] },
  };
  const { bench, rows } = stubdomReport(ours, { ...both, 'read-1': [40] });
  expect(bench).toBe('stubdom');
  expect(rows.map(({ row }) => row)).toEqual([
    ...['image-bytes', 'memory-idle', 'memory-100-domains', 'first-reply'],
    ...['read-1', 'write-1', 'guests-8'],
  ]);
  expect(rows[0]?.peers).toEqual({});
  expect(rows[3]?.peers).toEqual({ 'linux-guest': 500 });
  expect(rows[4]).toMatchObject({ ours: 20, runs: 3, peers: { c: 40 } });
  expect(ratio(rows[4] as (typeof rows)[number], 'c')).toBe(0.5);
});
