import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { lockConsole } from './console-lock.ts';

const dir = mkdtempSync(join(tmpdir(), 'xtl-consoles-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('whoever has a console is named, and one that was killed has it no more', async () => {
  const file = join(dir, 'xenconsole.5');
  // flock(1) locks as xenconsole does, and has its end told by its output's.
  const other = spawn('flock', ['--no-fork', file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');
  expect(lockConsole(5, dir)).toEqual({
    ok: false,
    error: { errno: 'EBUSY', what: `process ${other.pid} (cat) has it` },
  });
  must(lockConsole(6, dir)).release();
  const ended = once(other, 'close');
  other.kill('SIGKILL');
  await ended;
  const lock = must(lockConsole(5, dir));
  expect(lockConsole(5, dir)).toMatchObject({
    error: { errno: 'EBUSY', what: expect.stringContaining(`process ${process.pid} (`) },
  });
  lock.release();
  must(lockConsole(5, dir)).release();
});

test('without a folder for locks it says so', () => {
  expect(lockConsole(5, join(dir, 'none'))).toMatchObject({ error: { errno: 'ENOENT' } });
});
