import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fail, must, ok } from '../../core/result.ts';
import { type Compression, type Decompress, findPacked, readKernel } from './bzimage.ts';
import { BASE, makeBzImage, makeElf } from './fixtures.ts';

const MAGICS: readonly (readonly [Compression, number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lzma', [0x5d, 0]],
  ['lzop', [0x89, 0x4c, 0x5a, 0x4f, 0]],
  ['lz4', [2, 0x21]],
];

/** A stand-in for a compressor: the magic, then the content. */
function pack(kind: Compression, content: Uint8Array): Uint8Array {
  return Uint8Array.of(...magicOf(kind), ...content);
}

function magicOf(kind: Compression): number[] {
  return MAGICS.find(([name]) => name === kind)?.[1] ?? [];
}

function unpacker(calls: [Compression, number, number][] = []): Decompress {
  return (kind, bytes, limitBytes) => {
    calls.push([kind, bytes.length, limitBytes]);
    return ok(bytes.subarray(magicOf(kind).length));
  };
}

const kernel = makeElf();

describe('a kernel is found', () => {
  test('in a plain ELF file, with nothing to unpack', () => {
    const calls: [Compression, number, number][] = [];
    expect(must(readKernel(kernel, unpacker(calls))).loadStart).toBe(BASE);
    expect(calls).toEqual([]);
  });

  test.each(MAGICS)('in a bzImage with a payload of %s, whose size the payload tells', (kind) => {
    const payload = pack(kind, kernel);
    const calls: [Compression, number, number][] = [];
    const file = makeBzImage({ payload, unpackedBytes: kernel.length + 4 });
    expect(must(readKernel(file, unpacker(calls))).entry).toBe(BASE + 0x10);
    // The size behind a payload is gzip's own, and foreign to all others.
    const fed = payload.length + (kind === 'gzip' ? 4 : 0);
    expect(calls).toEqual([[kind, fed, kernel.length + 4]]);
  });

  test('in a bzImage without a number of setup sectors as in one with many', () => {
    for (const setupSects of [1, 39, 255]) {
      const payload = pack('zstd', kernel);
      const file = makeBzImage({ payload, unpackedBytes: kernel.length, setupSects });
      expect(readKernel(file, unpacker()).ok).toBe(true);
    }
  });

  test('in a gzipped ELF file, and in a gzipped bzImage', () => {
    expect(readKernel(pack('gzip', kernel), unpacker()).ok).toBe(true);
    const payload = pack('xz', kernel);
    const file = pack('gzip', makeBzImage({ payload, unpackedBytes: kernel.length }));
    const calls: [Compression, number, number][] = [];
    expect(readKernel(file, unpacker(calls)).ok).toBe(true);
    expect(calls.map(([kind]) => kind)).toEqual(['gzip', 'xz']);
  });
});

describe('what holds no kernel is refused with the reason:', () => {
  const payload = pack('xz', kernel);
  const good = { payload, unpackedBytes: kernel.length };
  const bomb = pack('gzip', pack('gzip', pack('gzip', kernel)));
  test.each([
    ['nothing', new Uint8Array(), 'neither a bzImage nor an ELF file'],
    ['text', new Uint8Array(5000).fill(0x23), 'neither a bzImage nor an ELF file'],
    ['an old bzImage', makeBzImage({ ...good, version: 0x0207 }), 'boot protocol 2.07, 2.08 is'],
    ['half a bzImage', makeBzImage(good).subarray(0, 4000), 'cut off: it ends in its payload'],
    [
      'an empty payload',
      makeBzImage({ ...good, payload: pack('gzip', kernel).subarray(0, 2) }),
      'cut off',
    ],
    [
      'an odd payload',
      makeBzImage({ ...good, payload: kernel }),
      'payload of this bzImage is of no',
    ],
    ['a huge kernel', makeBzImage({ ...good, unpackedBytes: 2 ** 29 + 1 }), 'more than 536870912'],
    [
      'a lying size',
      makeBzImage({ ...good, unpackedBytes: 100 }),
      'unpacks to more than 100 bytes',
    ],
    ['layers without end', bomb, 'compressed several times over'],
  ])('%s', (_, bytes, expected) => {
    const result = readKernel(bytes, unpacker());
    expect(result).toMatchObject({ ok: false, error: { errno: 'ENOEXEC' } });
    expect(result.ok ? '' : result.error.what).toContain(expected);
  });

  test('what the decompressor says is passed on', () => {
    const failing: Decompress = () => fail('EIO', 'xz: broken');
    expect(readKernel(makeBzImage(good), failing)).toEqual(fail('EIO', 'xz: broken'));
  });
});

test('whatever the bytes are, findPacked points into them or gives a reason', () => {
  const file = makeBzImage({ payload: pack('zstd', kernel), unpackedBytes: kernel.length });
  const spots = [0x1f1, 0x202, 0x206, 0x207, 0x248, 0x249, 0x24a, 0x24b, 0x24c, 0x24f];
  const change = fc.tuple(fc.constantFrom(...spots), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 4 }),
      fc.nat({ max: file.length }),
      (changes, length) => {
        const bytes = file.slice(0, length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const result = findPacked(bytes);
        if (!result.ok) expect(result.error.errno).toBe('ENOEXEC');
        else expect(result.value?.bytes.buffer).toBe(bytes.buffer);
      },
    ),
    { numRuns: 1000 },
  );
});
