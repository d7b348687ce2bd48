import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromLatin1, toLatin1 } from './text.ts';

it('every byte is one character and comes back', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const text = fromLatin1(all);
  expect(text.length).toBe(256);
  expect([...text].map((char) => char.charCodeAt(0))).toEqual([...all]);
  expect(toLatin1(text)).toEqual(all);
});

it.each([0, 1, 4095, 4096, 4097, 100_000])('%d bytes come back', (size) => {
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7) & 0xff);
  const text = fromLatin1(bytes);
  expect(text.length).toBe(size);
  expect(toLatin1(text)).toEqual(bytes);
});

it('any bytes come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 9000 }), (bytes) => {
      expect(toLatin1(fromLatin1(bytes))).toEqual(bytes);
    }),
  );
});

it('of a character above a byte the low byte is taken', () => {
  expect([...toLatin1('\u0141\u{1F600}')]).toEqual([0x41, 0x3d, 0x00]);
});

it('a view is read from its own start to its own end', () => {
  const bytes = Uint8Array.of(65, 66, 67, 68);
  expect(fromLatin1(bytes.subarray(1, 3))).toBe('BC');
});
