/** Scripts of the host's: how they end, what they are told, and what is left of them. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isAlive, processId } from './process-id.ts';
import { runScript } from './run-script.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-script-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Long enough for whatever is to end by itself. */
const PATIENCE_MS = 30_000;

function script(lines: string, mode = 0o755): string {
  const path = join(dir, 'script');
  writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode });
  return path;
}

const run = (path: string, timeoutMs = PATIENCE_MS) =>
  runScript({ path, args: ['online', 'type_if=vif'], env: { vif: 'vif1.0', DIR: dir }, timeoutMs });

const read = (name: string): string => readFileSync(join(dir, name), 'utf8');

it('one that ends well has had its words and its environment, and no other', async () => {
  process.env.NODE_OPTIONS_OF_A_TEST = 'x';
  const path = script(
    'printf "%s %s" "$1" "$2" >"$DIR/words"; env | sort >"$DIR/env"; pwd >"$DIR/at"',
  );
  expect(await run(path)).toEqual({ ok: true, value: undefined });
  delete process.env.NODE_OPTIONS_OF_A_TEST;
  expect(read('words')).toBe('online type_if=vif');
  const names = read('env')
    .split('\n')
    .map((line) => line.replace(/=.*/, ''));
  expect(names.filter((name) => !['', '_', 'PWD', 'OLDPWD', 'SHLVL'].includes(name))).toEqual([
    ...['DIR', 'LC_ALL', 'PATH', 'vif'],
  ]);
  expect(read('at')).toBe('/\n');
});

it.each([
  ['exit 3', 'EIO', 'status 3'],
  ['echo one >&2; printf "no\\033[2Jbridge\\n\\n" >&2; exit 1', 'EIO', 'no [2Jbridge (status 1)'],
  ['echo said; exit 1', 'EIO', 'said (status 1)'],
  ['kill -TERM $$', 'EIO', 'ended by SIGTERM'],
])('%j fails: %s, %s', async (lines, errno, what) => {
  expect(await run(script(lines))).toEqual({ ok: false, error: { errno, what } });
});

it('one that is not there, or is no program, is told', async () => {
  expect(await run(join(dir, 'none'))).toEqual({
    ok: false,
    error: { errno: 'ENOENT', what: 'it cannot be started: no such file' },
  });
  expect(await run(script('true', 0o644))).toMatchObject({ error: { errno: 'EACCES' } });
});

it('one that does not end is ended, with all that it has started', async () => {
  const path = script('sleep 1000 & echo $! >"$DIR/pid"; wait');
  expect(await run(path, 500)).toEqual({
    ok: false,
    error: { errno: 'ETIMEDOUT', what: 'it has not ended after 0.5 s' },
  });
  const pid = Number(read('pid'));
  // Who is its parent now takes a moment to see its end.
  while (isAlive(processId(pid))) await new Promise((resolve) => setTimeout(resolve, 5));
});

it('what one leaves in the background holds up nobody', async () => {
  const path = script('sleep 1000 & echo $! >"$DIR/pid"');
  expect(await run(path)).toMatchObject({ ok: true });
  process.kill(Number(read('pid')));
});

it('more words than are kept are no harm', async () => {
  const path = script('head -c 100000 /dev/zero | tr "\\0" x >&2; echo >&2; echo last >&2; exit 1');
  expect(await run(path)).toMatchObject({ error: { what: 'last (status 1)' } });
});
