/** Files and pipes that a command writes without end. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { openOutput } from './output-file.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-output-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const CHUNK = new Uint8Array(1 << 20).fill(0x78);

it('a file is its owner’s alone, has nothing of what was in it, and is whole', async () => {
  const path = join(dir, 'file');
  const sink = must(await openOutput(path));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  for (let i = 0; i < 20; i++) {
    sink.write(CHUNK);
    await sink.drained();
  }
  expect(await sink.flush()).toEqual({ ok: true, value: undefined });
  expect(statSync(path).size).toBe(20 << 20);
  writeFileSync(path, 'old and longer');
  const again = must(await openOutput(path));
  again.write('new');
  expect(await again.flush()).toMatchObject({ ok: true });
  expect(readFileSync(path, 'utf8')).toBe('new');
});

it('a pipe is waited for, and given as fast as it is read', async () => {
  const path = join(dir, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = spawn('sh', ['-c', 'wc -c <"$0"', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const counted = once(reader.stdout, 'data');
  const sink = must(await openOutput(path));
  for (let i = 0; i < 8; i++) {
    sink.write(CHUNK);
    await sink.drained();
  }
  expect(await sink.flush()).toMatchObject({ ok: true });
  expect(String((await counted)[0]).trim()).toBe(String(8 << 20));
});

it('a pipe whose reader has gone is told, and is no failure', async () => {
  const path = join(dir, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = spawn('head', ['-c', '1', path], { stdio: 'ignore' });
  const sink = must(await openOutput(path));
  const closed = new Promise<void>((resolve) => sink.whenClosed(resolve));
  const write = (): void => sink.write(CHUNK);
  write();
  await once(reader, 'exit');
  write();
  await closed;
  await sink.drained();
  expect(await sink.flush()).toEqual({ ok: true, value: undefined });
});

it.each([
  ['', 'EISDIR', 'is a directory'],
  ['none/file', 'ENOENT', 'no such file'],
])('%j cannot be one: %s', async (name, errno, why) => {
  const path = join(dir, name);
  expect(await openOutput(path)).toEqual({
    ok: false,
    error: { errno, what: `cannot write to ${path}: ${why}` },
  });
});

it('a full disk is a failure', async () => {
  const sink = must(await openOutput('/dev/full'));
  sink.write('x');
  expect(await sink.flush()).toMatchObject({ ok: false, error: { errno: 'ENOSPC' } });
});
