// Against the classes of Node, which follow the same standard.
import { expect, it } from 'vitest';
import { prng } from '../../core/prng.ts';
import * as ours from './text-coding.ts';

const UNITS = ['a', '\0', '\x7f', '\x80', 'é', '\u07ff', '\u0800', '€', '\ud7ff', '\ue000'];
const MORE = ['\ufeff', '\ufffd', '\uffff', '😀', '\u{10ffff}', '\ud800', '\udfff'];
const BYTES = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0];
const LEADS = [0xe1, 0xec, 0xed, 0xee, 0xef, 0xbb, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff];

it.each([1, 2, 3, 4])('random texts are encoded as by Node, seed %i', (seed) => {
  const random = prng(seed);
  for (let round = 0; round < 500; round++) {
    let text = '';
    for (let i = random.below(12); i > 0; i--) text += random.pick([...UNITS, ...MORE]);
    expect(new ours.TextEncoder().encode(text)).toEqual(new TextEncoder().encode(text));
    const size = random.below(16);
    const [mine, theirs] = [new Uint8Array(size), new Uint8Array(size)];
    const result = new ours.TextEncoder().encodeInto(text, mine);
    expect(result).toEqual(new TextEncoder().encodeInto(text, theirs));
    expect(mine).toEqual(theirs);
  }
});

const outcome = (decode: () => string): string | undefined => {
  try {
    return decode();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return undefined;
  }
};

it.each([1, 2, 3, 4])('random bytes are decoded as by Node, seed %i', (seed) => {
  const random = prng(seed);
  for (let round = 0; round < 1500; round++) {
    const bytes = new Uint8Array(random.below(10)).map(() => random.pick([...BYTES, ...LEADS]));
    for (const fatal of [false, true]) {
      const options = { fatal, ignoreBOM: random.chance(0.5) };
      const mine = outcome(() => new ours.TextDecoder('UTF8', options).decode(bytes));
      expect(mine).toBe(outcome(() => new TextDecoder('UTF8', options).decode(bytes)));
    }
  }
});

it('a long text comes back, from a view and from a buffer', () => {
  const text = 'a😀€'.repeat(10_000);
  const bytes = new TextEncoder().encode(`x${text}`);
  expect(new ours.TextDecoder().decode(bytes.subarray(1))).toBe(text);
  expect(new ours.TextDecoder().decode(bytes.slice(1).buffer)).toBe(text);
  expect(new ours.TextDecoder().decode()).toBe('');
});

it('another encoding is refused by its name', () => {
  expect(() => new ours.TextDecoder('utf-16le')).toThrow(
    new RangeError('no such encoding here: utf-16le'),
  );
});

it('part of a text is refused', () => {
  const decoder = new ours.TextDecoder();
  expect(() => decoder.decode(new Uint8Array(1), { stream: true })).toThrow('no streams');
});
