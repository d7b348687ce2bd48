import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../../core/result.ts';
import { lockFile } from './lock-file.ts';
import { holderIn, lockHolder } from './lock-holder.ts';

const LOCKS = `1: POSIX  ADVISORY  WRITE 11 08:01:77 0 EOF
2: FLOCK  ADVISORY  WRITE 22 08:01:78 0 EOF
2: -> FLOCK  ADVISORY  WRITE 33 08:01:78 0 EOF
3: FLOCK  ADVISORY  WRITE 44 00:18:77 0 EOF
4: FLOCK  ADVISORY  WRITE 55 103:100:5 0 EOF
5: OFDLCK ADVISORY  READ -1 08:01:79 0 EOF
`;

test.each([
  [0x801n, 78n, 22],
  [0x801n, 77n, undefined],
  [0x801n, 79n, undefined],
  [0x18n, 77n, 44],
  [(0x103n << 8n) | 0x100000n, 5n, 55],
])('of device %s and inode %s it is %s', (dev, ino, pid) => {
  expect(holderIn(LOCKS, dev, ino)).toBe(pid);
});

test('it is the process that locked the file, until it lets go', () => {
  const dir = mkdtempSync(join(tmpdir(), 'xtl-holder-'));
  const path = join(dir, 'lock');
  expect(lockHolder(path)).toBeUndefined();
  writeFileSync(path, '');
  expect(lockHolder(path)).toBeUndefined();
  const lock = must(lockFile(path));
  expect(lockHolder(path)).toBe(process.pid);
  lock.release();
  expect(lockHolder(path)).toBeUndefined();
  rmSync(dir, { recursive: true });
});
