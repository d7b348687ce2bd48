import { expect, it } from 'vitest';
import { fill, type Rate, spend, waitMs } from '../../../shared/core/rate.ts';
import { createShaping, parseShaping } from './shaping.ts';

it.each([
  ['6250,50000', 125_000],
  ['1,1000000', 1],
  ['1,3000000', 1],
  ['0,50000', 0],
  ['6250,0', 0],
  ['18446744073709551615,50000', 0],
  ['6250', undefined],
  ['6250,', undefined],
  ['-1,50000', undefined],
  ['6250,50000,', undefined],
  ['6250 ,50000', undefined],
  ['', undefined],
])('%s is %s', (text, want) => {
  expect(parseShaping(text)).toBe(want);
});

it('lets 128 KiB pass at once, and then its rate', () => {
  const rate = createShaping(100_000, 0) as Rate;
  let sent = 0;
  for (let now = 0; now <= 10_000; now++) {
    fill(rate, now);
    for (; waitMs(rate, 1000) === 0; sent += 1000) spend(rate, 1000);
  }
  expect(sent).toBe(131_000 + 1_000_000);
});

it('no rate is none', () => {
  expect(createShaping(0, 0)).toBeUndefined();
});
