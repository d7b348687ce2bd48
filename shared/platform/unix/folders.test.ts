import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { unixFiles } from './files.ts';
import { makeFolder, makeFolders, removeEmptyFolder } from './folders.ts';

const dir = mkdtempSync(join(tmpdir(), 'xtl-folders-'));
afterAll(() => rmSync(dir, { recursive: true }));

it('makes one, or all that are missing, and minds none that is there', () => {
  expect(makeFolder(join(dir, 'a/b'), 0o700)).toMatchObject({ error: { errno: 'ENOENT' } });
  for (const value of [true, false]) {
    expect(makeFolders(join(dir, 'a/b/c'), 0o700)).toEqual({ ok: true, value });
  }
  for (const path of ['a', 'a/b', 'a/b/c']) {
    expect(statSync(join(dir, path)).mode & 0o777).toBe(0o700);
  }
  expect(makeFolder(join(dir, 'a/b/d'), 0o755)).toEqual({ ok: true, value: true });
});

it('takes one back that holds nothing', () => {
  for (const path of ['x', 'x/y']) makeFolder(join(dir, path), 0o700);
  for (const left of [true, false]) {
    removeEmptyFolder(join(dir, 'x'));
    expect(existsSync(join(dir, 'x'))).toBe(left);
    removeEmptyFolder(join(dir, 'x/y'));
  }
});

it.each(['/proc/none', '/proc/none/a/b', '/proc/self/none/a'])('ends at %s', async (path) => {
  expect(makeFolders(path, 0o700)).toMatchObject({ ok: false, error: { errno: 'ENOENT' } });
  const written = await unixFiles().write(join(path, 'file'), new Uint8Array(1));
  expect(written).toMatchObject({ ok: false, error: { errno: 'ENOENT' } });
});

it('is refused where a file is in the way', () => {
  writeFileSync(join(dir, 'file'), '');
  expect(makeFolders(join(dir, 'file/x/y'), 0o700)).toMatchObject({ error: { errno: 'ENOTDIR' } });
  expect(existsSync(join(dir, 'file/x'))).toBe(false);
});
