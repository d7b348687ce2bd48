/** Text as bytes and back. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromUtf8, utf8 } from './utf8.ts';

test.each([
  ['web1', 'web1'],
  ['größe', 'gr\xc3\xb6\xc3\x9fe'],
  ['☃', '\xe2\x98\x83'],
  ['100%\n', '100%\n'],
  ['\ud800', '\xef\xbf\xbd'],
])('%j is %j as bytes', (text, bytes) => {
  expect(utf8(text)).toBe(bytes);
});

test.each(['\xe9t\xe9', '\xc3', '☃'])('%j, which is no UTF-8, stays as it is', (bytes) => {
  expect(fromUtf8(bytes)).toBe(bytes);
});

test('every text comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd');
      expect(fromUtf8(utf8(text))).toBe(wellFormed);
    }),
  );
});
