import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyBytes, latin1Of, putLatin1, putWords, spanOf } from './bytes.ts';

test.each([0, 1, 5, 95, 96, 200])('%d bytes are copied, and none beside them', (count) => {
  const from = Uint8Array.from({ length: 300 }, (_, i) => i);
  const to = new Uint8Array(300).fill(7);
  copyBytes(from, 50, to, 30, count);
  expect([...to]).toEqual([
    ...Array(30).fill(7),
    ...from.subarray(50, 50 + count),
    ...Array(270 - count).fill(7),
  ]);
});

test('any part of any bytes is a text that puts it back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1500 }), fc.nat(), fc.nat(), (bytes, a, b) => {
      const [start = 0, end = 0] = [a, b].map((n) => n % (bytes.length + 1)).sort((x, y) => x - y);
      const text = latin1Of(bytes, start, end);
      expect(text.length).toBe(end - start);
      const back = new Uint8Array(bytes.length + 2).fill(9);
      expect(putLatin1(back, 1 + start, text)).toBe(1 + end);
      expect(back.subarray(1 + start, 1 + end)).toEqual(bytes.subarray(start, end));
      expect([back[start], back[1 + end]]).toEqual([9, 9]);
    }),
  );
});

const DIGITS = new Uint8Array(128).fill(1, 0x30, 0x3a);

test.each([
  ['', 0],
  ['x1', 0],
  ['12x3', 2],
  ['123', 3],
  ['1\0', 1],
  ['1é', 1],
  ['1☃', 1],
  // A char code that ends like a digit's.
  ['1\u0130', 1],
])('%j begins with so many digits: %d', (text, count) => {
  expect(spanOf(text, DIGITS)).toBe(count);
});

test('words lie with their low bytes first', () => {
  const bytes = new Uint8Array(18).fill(7);
  putWords(bytes, 1, 1, 0x01020304, -1, 2 ** 32 - 2);
  expect([...bytes]).toEqual([
    7, 1, 0, 0, 0, 4, 3, 2, 1, 255, 255, 255, 255, 254, 255, 255, 255, 7,
  ]);
});
