/** strtol with base 0. */

import { expect, test } from 'vitest';
import { parseInteger } from './integer.ts';

test.each([
  ['0', 0n],
  ['512', 512n],
  [' \t-7', -7n],
  ['+7', 7n],
  ['0x1f', 31n],
  ['0XFF', 255n],
  ['-0x10', -16n],
  ['010', 8n],
  ['00', 0n],
  ['9223372036854775807', 2n ** 63n - 1n],
  ['-9223372036854775808', -(2n ** 63n)],
])('%s is a number', (text, value) => {
  expect(parseInteger(text)).toEqual({ ok: true, value });
});

test.each([
  ['', 'not-a-number'],
  ['x', 'not-a-number'],
  ['1 ', 'not-a-number'],
  ['1m', 'not-a-number'],
  ['0x', 'not-a-number'],
  ['- 1', 'not-a-number'],
  ['1.5', 'not-a-number'],
  ['08', 'octal'],
  ['9223372036854775808', 'too-large'],
  ['1'.repeat(1000), 'too-large'],
])('%s is none', (text, why) => {
  expect(parseInteger(text)).toEqual({ ok: false, why });
});
