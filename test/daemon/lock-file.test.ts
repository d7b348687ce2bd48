/** Many processes at one lock: never two at a time. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'xtl-locks-'));
const program = join(dir, 'contend.mjs');

/** Whoever holds the lock makes a file that must not be there, and takes it away again. */
const CONTEND = `
import { rmSync, writeFileSync } from 'node:fs';
import { lockFile } from './shared/platform/unix/lock-file.ts';
const [dir, times] = process.argv.slice(2);
let held = 0;
for (let i = 0; held < Number(times); i++) {
  const lock = lockFile(dir + '/lock');
  if (!lock.ok) {
    if (lock.error.errno !== 'EBUSY') throw new Error(lock.error.what);
    continue;
  }
  writeFileSync(dir + '/inside', '', { flag: 'wx' });
  held++;
  if (held === Number(times) && process.argv[4] === 'die') process.kill(process.pid, 'SIGKILL');
  rmSync(dir + '/inside');
  lock.value.release();
}
`;

beforeAll(async () => {
  const from = JSON.stringify(`file://${join(root, 'package.json')}`);
  await build({
    absWorkingDir: root,
    stdin: { contents: CONTEND, resolveDir: root, loader: 'ts' },
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['koffi'],
    define: { 'import.meta.url': from },
  });
});
afterAll(() => rmSync(dir, { recursive: true }));

function contend(times: number, ...rest: string[]): Promise<string> {
  const child = spawn(process.execPath, [program, dir, String(times), ...rest], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(said + (signal ?? code)));
  });
}

it('lets one in at a time, however many come, each some hundred times', async () => {
  expect(await Promise.all(Array.from({ length: 4 }, () => contend(300)))).toEqual(
    Array.from({ length: 4 }, () => '0'),
  );
});

it('is free again when its holder is killed', async () => {
  for (let round = 0; round < 3; round++) {
    expect(await contend(2, 'die')).toBe('SIGKILL');
    rmSync(join(dir, 'inside'));
    expect(await contend(1)).toBe('0');
  }
});
