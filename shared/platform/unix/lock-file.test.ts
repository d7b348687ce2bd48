import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { must } from '../../core/result.ts';
import { lockFile } from './lock-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'xtl-lock-'));
const path = join(dir, 'lock');
beforeEach(() => rmSync(path, { force: true, recursive: true }));
afterAll(() => rmSync(dir, { recursive: true }));

/** flock(1), which holds the lock until its input ends. */
async function other(): Promise<ChildProcess> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  await once(holder.stdout, 'data');
  return holder;
}

it('has one holder, named to the others, and is gone when it is free', () => {
  const lock = must(lockFile(path));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(lockFile(path)).toEqual({
    ok: false,
    error: { errno: 'EBUSY', what: `${path} is locked by process ${process.pid}` },
  });
  lock.release();
  expect(existsSync(path)).toBe(false);
  const next = must(lockFile(path));
  // The first holder has no say any more.
  lock.release();
  expect(lockFile(path)).toMatchObject({ error: { errno: 'EBUSY' } });
  next.release();
});

it('is the lock of flock(2), free once its holder was killed', async () => {
  const holder = await other();
  expect(lockFile(path)).toMatchObject({ ok: false, error: { errno: 'EBUSY' } });
  // Its child has the descriptor, too: both are gone once nobody can write its output.
  const ended = once(holder, 'close');
  process.kill(-(holder.pid as number), 'SIGKILL');
  await ended;
  expect(existsSync(path)).toBe(true);
  must(lockFile(path)).release();
});

it('does not mind what an earlier holder wrote', () => {
  writeFileSync(path, '99999999999999999999\n');
  const lock = must(lockFile(path));
  const refused = lockFile(path);
  expect(refused).toMatchObject({ error: { what: `${path} is locked by process ${process.pid}` } });
  lock.release();
});

it('removes nothing that somebody else put in its place', () => {
  const lock = must(lockFile(path));
  rmSync(path);
  const next = must(lockFile(path));
  lock.release();
  expect(lockFile(path)).toMatchObject({ error: { errno: 'EBUSY' } });
  next.release();
});

it.each([
  ['a folder that is not there', () => join(dir, 'none/lock'), 'ENOENT'],
  ['a folder', () => dir, 'EISDIR'],
  ['a place under /proc', () => '/proc/none/lock', 'ENOENT'],
])('is refused for %s', (_what, where, errno) => {
  expect(lockFile(where())).toMatchObject({ ok: false, error: { errno } });
});

it('follows no symbolic link', () => {
  symlinkSync(join(dir, 'elsewhere'), path);
  expect(lockFile(path).ok).toBe(false);
  expect(existsSync(join(dir, 'elsewhere'))).toBe(false);
});
