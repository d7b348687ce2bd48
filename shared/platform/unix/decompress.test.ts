/** Decompressors against the system's own tools. */

import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { must, type Result } from '../../core/result.ts';
import type { Compression } from '../files.ts';
import { decompress } from './decompress.ts';

/** Compressible but not trivial, and longer than a block of any format. */
const CONTENT = (() => {
  const noise = randomBytes(100_000);
  const content = new Uint8Array(9_000_001);
  for (let at = 0; at < content.length; at += 150_000) {
    content.set(noise.subarray(0, Math.min(noise.length, content.length - at)), at);
  }
  return content;
})();

function tool(command: string, ...args: string[]): (input: Uint8Array) => Uint8Array {
  return (input) => {
    const options: ExecFileSyncOptions = {
      input,
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'ignore'],
    };
    return Uint8Array.from(execFileSync(command, args, options) as Buffer);
  };
}

const rows: { kind: Compression; pack: (input: Uint8Array) => Uint8Array }[] = [
  { kind: 'gzip', pack: tool('gzip', '-1', '-c') },
  { kind: 'xz', pack: tool('xz', '--check=crc32', '-1', '-c') },
  { kind: 'lzma', pack: tool('xz', '--format=lzma', '-1', '-c') },
  { kind: 'zstd', pack: tool('zstd', '-q', '-c') },
  { kind: 'lz4', pack: tool('lz4', '-q', '-l', '-c') },
  { kind: 'bzip2', pack: tool('bzip2', '-1', '-c') },
];

/** Without printing nine million numbers if it is not. */
function isContent(result: Result<Uint8Array>): boolean {
  return Buffer.from(must(result)).equals(CONTENT);
}

function errno(kind: Compression, packed: Uint8Array, limit: number): string {
  const result = decompress(kind, packed, limit);
  return result.ok ? `${result.value.length} bytes` : result.error.errno;
}

describe.each(rows)('$kind', ({ kind, pack }) => {
  const packed = pack(CONTENT);

  test('what was packed comes back', () => {
    expect(isContent(decompress(kind, packed, CONTENT.length + 5_000_000))).toBe(true);
  });

  test('a limit of exactly the size is enough', () => {
    expect(isContent(decompress(kind, packed, CONTENT.length))).toBe(true);
  });

  test('more than the limit is refused', () => {
    expect(errno(kind, packed, CONTENT.length - 1)).toBe('E2BIG');
    expect(errno(kind, packed, 1)).toBe('E2BIG');
  });

  test('cut off input is refused', () => {
    for (const length of [packed.length - 1, packed.length >> 1, 20, 3]) {
      expect(errno(kind, packed.slice(0, length), CONTENT.length)).toBe('EINVAL');
    }
  });

  test('broken input is refused, never wrong without a word', () => {
    const bad = packed.slice();
    for (let at = packed.length >> 1; at < (packed.length >> 1) + 64; at++) bad[at]! ^= 0x5a;
    const result = decompress(kind, bad, CONTENT.length);
    if (kind === 'lz4' || kind === 'lzma') {
      // Formats without a checksum: what comes out may be wrong, but not longer than the limit.
      expect(result.ok ? result.value.length : 0).toBeLessThanOrEqual(CONTENT.length);
    } else expect(result.ok ? '' : result.error.errno).toMatch(/^(EINVAL|E2BIG)$/);
  });

  test('other input is refused', () => {
    expect(errno(kind, new Uint8Array(100).fill(0x77), 1000)).toBe('EINVAL');
    expect(errno(kind, new Uint8Array(0), 1000)).toBe('EINVAL');
  });

  test('nothing packed is nothing', () => {
    expect(must(decompress(kind, pack(new Uint8Array(0)), 1000))).toEqual(new Uint8Array(0));
  });

  test('a small result does not hold a large reservation', () => {
    const small = must(decompress(kind, pack(new Uint8Array(100).fill(7)), 1 << 24));
    expect(small.buffer.byteLength).toBeLessThan(1 << 16);
  });

  test('input may be a part of a larger buffer', () => {
    const buffer = new Uint8Array(packed.length + 13);
    buffer.set(packed, 7);
    const part = buffer.subarray(7, 7 + packed.length);
    expect(isContent(decompress(kind, part, CONTENT.length))).toBe(true);
  });
});

// bzip2's library does not say where the stream ended.
describe.each(rows.filter(({ kind }) => kind !== 'bzip2'))('$kind', ({ kind, pack }) => {
  test('trailing bytes are refused unless they are allowed', () => {
    const packed = pack(CONTENT);
    const longer = new Uint8Array(packed.length + 4);
    longer.set(packed);
    longer.set([0x41, 0x54, 0x89, 0x00], packed.length);
    expect(errno(kind, longer, CONTENT.length)).toBe('EINVAL');
    const allowed = decompress(kind, longer, CONTENT.length, { trailing: 'allow' });
    expect(isContent(allowed)).toBe(true);
  });
});

test('a format that is not supported is named', () => {
  const result = decompress('lzop', new Uint8Array(10), 10);
  expect(result).toEqual({
    ok: false,
    error: { errno: 'EOPNOTSUPP', what: 'lzop: this format is not supported' },
  });
});
