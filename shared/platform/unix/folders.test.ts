import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { unixFiles } from './files.ts';
import { makeFolder, makeFolders } from './folders.ts';

const dir = mkdtempSync(join(tmpdir(), 'xtl-folders-'));
afterAll(() => rmSync(dir, { recursive: true }));

it('makes one, or all that are missing, and minds none that is there', () => {
  expect(makeFolder(join(dir, 'a/b'), 0o700)).toMatchObject({ error: { errno: 'ENOENT' } });
  for (let i = 0; i < 2; i++) expect(makeFolders(join(dir, 'a/b/c'), 0o700)).toEqual({ ok: true });
  for (const path of ['a', 'a/b', 'a/b/c']) {
    expect(statSync(join(dir, path)).mode & 0o777).toBe(0o700);
  }
  expect(makeFolder(join(dir, 'a/b/d'), 0o755)).toEqual({ ok: true });
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
