/** Rates of vifs, as tools/xl/check-xl-vif-parse @ RELEASE-4.17.0 asks for them, and beyond. */

import { expect, it } from 'vitest';
import { readVifRate } from './vif-rate.ts';

it.each([
  ['16000000b/s', 100_000, 50_000],
  ['16000000b/s@50ms', 100_000, 50_000],
  ['2000000B/s', 100_000, 50_000],
  ['16Kb/s', 100, 50_000],
  ['2KB/s@50ms', 100, 50_000],
  ['16Mb/s', 100_000, 50_000],
  ['2MB/s', 100_000, 50_000],
  ['8Gb/s@50ms', 50_000_000, 50_000],
  ['1GB/s', 50_000_000, 50_000],
  ['80Mb/s@1s', 10_000_000, 1_000_000],
  ['10MB/s@1', 10_000_000, 1_000_000],
  ['1MB/s@20m', 20_000, 20_000],
  ['9b/s@1s', 1, 1_000_000],
  ['1MB/s@4294967295us', 4_294_967_295, 4_294_967_295],
  ['4294967295GB/s@4us', 17_179_869_180_000, 4],
])('%s is %i bytes every %i us', (text, bytes, intervalUs) => {
  expect(readVifRate(text)).toEqual({ bytes, intervalUs });
});

it.each([
  ['foo', 'a rate is like'],
  ['', 'a rate is like'],
  ['@', 'a rate is like'],
  ['10MB', 'a rate is like'],
  ['10MB/m', 'a rate is like'],
  ['10ZB/s', 'a rate is like'],
  ['10kB/s', 'a rate is like'],
  [' 1MB/s', 'a rate is like'],
  ['4294967296b/s', 'the number of a rate'],
  ['4294967296Gb/s', 'the number of a rate'],
  ['0B/s', 'the number of a rate'],
  ['010MB/s', 'the number of a rate'],
  ['10Mb/s@foo', 'the interval of a rate is like'],
  ['10Mb/s@10h', 'the interval of a rate is like'],
  ['10Mb/s@', 'the interval of a rate is like'],
  ['1B/s@4294967296us', 'the interval of a rate is from'],
  ['1B/s@4294968ms', 'the interval of a rate is from'],
  ['1B/s@4295s', 'the interval of a rate is from'],
  ['1B/s@0us', 'the interval of a rate is from'],
  ['4294967295GB/s@5us', 'too large for its interval'],
  ['4296MB/s@4294s', 'too large for its interval'],
  ['1B/s', 'less than one byte'],
])('%j is none', (text, why) => {
  expect(readVifRate(text)).toContain(why);
});
