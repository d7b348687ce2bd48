/** Which programs root may be told to run again. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandOf, isRootsProgram, programOf } from './root-program.ts';

const SLEEP = realpathSync('/bin/sleep');

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'xtl-program-'));
  copyFileSync(SLEEP, join(work, 'xenstored'));
  chmodSync(join(work, 'xenstored'), 0o755);
});
afterAll(() => rmSync(work, { recursive: true }));

test.each([
  ['/usr/sbin/xenstored (deleted)', '/usr/sbin/xenstored'],
  ['/usr/sbin/xenstored', '/usr/sbin/xenstored'],
  ['/opt/x (deleted)/xenstored', '/opt/x (deleted)/xenstored'],
])('%j is the program %j', (link, program) => {
  expect(programOf(link)).toBe(program);
});

test('a program of the system is root’s; one that lies where all may write is not', () => {
  expect(isRootsProgram('/bin/sleep')).toBe(true);
  expect(isRootsProgram(join(work, 'xenstored'))).toBe(false);
  expect(isRootsProgram('/nowhere')).toBe(false);
});

test.each([
  ['a program of the system', () => SLEEP, [SLEEP, '60']],
  ['a file that anybody may have put there', () => join(work, 'xenstored'), undefined],
])('%s is run again as it was: %j', async (_, program, command) => {
  const child = spawn(program(), ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  try {
    expect(commandOf(child.pid as number)).toEqual(command);
  } finally {
    child.kill('SIGKILL');
  }
});
