import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  decode,
  encode,
  i16,
  i32,
  layout,
  make,
  memberName,
  u8,
  u16,
  u32,
  u64,
} from './layout.ts';

const everything = layout('struct everything', 40, {
  small: u8(0),
  half: u16(2),
  word: u32(4),
  signed: i32(8),
  short: i16(12),
  longWord: u64(16),
  opaque: bytes(24, 6),
  last: u8(39),
});

const values = fc.record({
  small: fc.integer({ min: 0, max: 0xff }),
  half: fc.integer({ min: 0, max: 0xffff }),
  word: fc.integer({ min: 0, max: 0xffffffff }),
  signed: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  short: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  longWord: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  opaque: fc.uint8Array({ minLength: 6, maxLength: 6 }),
  last: fc.integer({ min: 0, max: 0xff }),
});

describe('layouts', () => {
  it('give back what was written', () => {
    fc.assert(
      fc.property(values, fc.nat(50), (given, at) => {
        const buffer = new Uint8Array(at + everything.size);
        encode(everything, buffer, at, given);
        expect(decode(everything, buffer, at)).toEqual(given);
      }),
    );
  });

  it('are little endian', () => {
    const made = make(everything, { half: 0x0102, word: 0x03040506, longWord: 0x0708n });
    expect([...made.subarray(2, 8)]).toEqual([2, 1, 6, 5, 4, 3]);
    expect([...made.subarray(16, 19)]).toEqual([8, 7, 0]);
  });

  it('leave fields that are not given, and what lies between', () => {
    const buffer = new Uint8Array(60).fill(0xee);
    encode(everything, buffer, 10, { word: 0 });
    const changed = [...buffer.keys()].filter((i) => buffer[i] !== 0xee);
    expect(changed).toEqual([14, 15, 16, 17]);
  });

  it('decode a copy', () => {
    const buffer = make(everything, { opaque: Uint8Array.of(1, 2, 3) });
    const { opaque } = decode(everything, buffer);
    buffer.fill(9);
    expect([...opaque]).toEqual([1, 2, 3, 0, 0, 0]);
  });

  it('decode a view from its own start', () => {
    const buffer = new Uint8Array(100);
    encode(everything, buffer, 50, { half: 513 });
    expect(decode(everything, buffer.subarray(48), 2).half).toBe(513);
  });

  it('write negative numbers as two’s complement', () => {
    expect([...make(everything, { signed: -2 }).subarray(8, 12)]).toEqual([0xfe, 0xff, 0xff, 0xff]);
  });

  it('refuse what does not fit', () => {
    const buffer = new Uint8Array(40);
    expect(() => decode(everything, buffer, 1)).toThrow('layout of 40 bytes at 1');
    expect(() => decode(everything, buffer, -1)).toThrow('layout of 40 bytes at -1');
    expect(() => encode(everything, buffer, 0, { opaque: new Uint8Array(7) })).toThrow('takes 6');
    expect(() => layout('struct x', 4, { a: u32(1) })).toThrow('x.a lies outside');
    expect(() => encode(everything, buffer, 0, { other: 1 } as never)).toThrow('no field other');
  });

  it('know the C names of their members', () => {
    const odd = layout('struct odd', 8, { maxVcpus: u32(0), dom: u16(4, 'u.dom') });
    const names = Object.entries(odd.fields).map(([name, field]) => memberName(name, field));
    expect(names).toEqual(['max_vcpus', 'u.dom']);
  });
});
