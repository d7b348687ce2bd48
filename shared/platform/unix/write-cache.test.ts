/** What the kernel says of a device's cache, in folders like those of /sys. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deviceNumbers, hasWriteCache } from './write-cache.ts';

let sys: string;

function device(path: string, numbers: string, cache: string | undefined): void {
  const folder = join(sys, 'devices', path);
  mkdirSync(folder, { recursive: true });
  symlinkSync(`../../devices/${path}`, join(sys, 'dev/block', numbers));
  if (cache === undefined) return;
  mkdirSync(join(folder, 'queue'));
  writeFileSync(join(folder, 'queue/write_cache'), `${cache}\n`);
}

beforeAll(() => {
  sys = mkdtempSync(join(tmpdir(), 'xtl-sys-'));
  mkdirSync(join(sys, 'dev/block'), { recursive: true });
  device('sda', '8:0', 'write back');
  device('sda/sda1', '8:1', undefined);
  device('nvme0n1', '259:0', 'write through');
  device('nvme0n1/nvme0n1p2', '259:2', undefined);
  device('odd', '7:0', 'none of these');
  device('mute', '7:1', undefined);
});
afterAll(() => rmSync(sys, { recursive: true }));

const number = (major: number, minor: number): number => (major << 8) | minor;

it.each([
  ['a disk with a cache', number(8, 0), true],
  ['its partition', number(8, 1), true],
  ['a disk that writes through', number(259, 0), false],
  ['its partition', number(259, 2), false],
  ['one of another word', number(7, 0), true],
  ['one of no word', number(7, 1), true],
  ['one that is not there', number(7, 2), true],
])('%s', (_name, rdev, expected) => {
  expect(hasWriteCache(rdev, sys)).toBe(expected);
});

it.each([
  [0x0801, 8, 1],
  [0x10302, 259, 2],
  [0x1000_fd05, 253, 0x1_0005],
])('the number %i is %i:%i', (rdev, major, minor) => {
  expect(deviceNumbers(rdev)).toEqual([major, minor]);
});
