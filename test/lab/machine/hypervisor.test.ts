// Which files are taken for a hypervisor, and what is said of the others.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Images } from '../image/images.ts';
import { readHypervisor, withHypervisor } from './hypervisor.ts';

const dir = mkdtempSync(join(tmpdir(), 'xtl-hypervisor-'));
afterAll(() => rmSync(dir, { recursive: true }));

const xen = (bits: 32 | 64 = 32, magic = 0x1badb002, at = 4096): Buffer => {
  const bytes = Buffer.alloc(12_000);
  bytes.write('\x7fELF', 'latin1');
  bytes[4] = bits === 32 ? 1 : 2;
  bytes.writeUInt32LE(magic, at);
  bytes.write('Xen version %d.%d%s (%s@%s)', 10_000);
  return bytes;
};

const stored = (bytes: Uint8Array): string => {
  const path = join(dir, 'file');
  writeFileSync(path, bytes);
  return path;
};

describe('a hypervisor', () => {
  it('is taken as it is, or unpacked', () => {
    expect(readHypervisor(stored(xen()))).toEqual(xen());
    expect(readHypervisor(stored(gzipSync(xen())))).toEqual(xen());
    expect(readHypervisor(stored(xen(32, 0x1badb002, 8188)))).toEqual(xen(32, 0x1badb002, 8188));
  });

  it('is booted in place of the one that the tools are of', () => {
    const images = { xen: { '4.17': '/a', '4.20': '/b' } } as Images;
    const file = stored(gzipSync(xen()));
    expect(withHypervisor(images, '4.20', undefined, dir)).toBe(images);
    const changed = withHypervisor(images, '4.20', file, dir).xen;
    expect(changed).toEqual({ '4.17': '/a', '4.20': join(dir, 'xen') });
    expect(readFileSync(changed['4.20'])).toEqual(xen());
  });
});

describe('is not a Xen hypervisor', () => {
  const noHeader = /it has no multiboot header \(`xen` and `xen\.gz`/;
  it.each([
    ['nothing', Buffer.alloc(0), /it is no ELF file/],
    ['a text', Buffer.from('#!/bin/sh\n'), /it is no ELF file/],
    ['a packed text', gzipSync('#!/bin/sh\n'), /it is no ELF file/],
    ['half a packed one', gzipSync(xen()).subarray(0, 60), /it is a broken gzip file/],
    ['a program', readFileSync(process.execPath).subarray(0, 9000), /a program, but not Xen/],
    ['xen-syms', xen(64), noHeader],
    ['one without a header', xen(32, 0), noHeader],
    ['one whose header is too far in', xen(32, 0x1badb002, 8192), noHeader],
    ['one whose header is on no word', xen(32, 0x1badb002, 4098), noHeader],
  ])('%s', (_, bytes, why) => {
    const path = stored(bytes);
    expect(() => readHypervisor(path)).toThrow(`${path} is not a Xen hypervisor: `);
    expect(() => readHypervisor(path)).toThrow(why);
  });

  it('a file that is not there, or a folder', () => {
    expect(() => readHypervisor('/nope/xen')).toThrow(/^cannot read the hypervisor: ENOENT.*nope/);
    expect(() => readHypervisor(dir)).toThrow(/^cannot read the hypervisor: EISDIR/);
  });
});
