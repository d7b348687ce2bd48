/** Text as bytes and back. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromUtf8, isUtf8, textOfBytes, utf8 } from './utf8.ts';

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

test.each([
  ['gr\xf6\xdfe', 'gr\udcf6\udcdfe'],
  ['gr\xc3\xb6\xdfe', 'grö\udcdfe'],
  ['\xed\xa0\x80', '\udced\udca0\udc80'],
  ['\xc0\x80\xf5', '\udcc0\udc80\udcf5'],
  ['\xf0\x9f\x98\x80', '😀'],
  ['100%41', '100%41'],
])('the bytes %j are the text %j, and nothing is lost', (bytes, text) => {
  expect(textOfBytes(bytes)).toBe(text);
  expect(isUtf8(text)).toBe(!/[\udc80-\udcff]/.test(text) || text === '😀');
});

test('all bytes come back', () => {
  const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 3000 });
  fc.assert(
    fc.property(bytes, (codes) => {
      const text = codes.map((code) => String.fromCharCode(code)).join('');
      expect(utf8(textOfBytes(text))).toBe(text);
    }),
  );
});
