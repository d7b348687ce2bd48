/** The built file in shell pipelines: the exit status is that of the work, whoever reads. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must } from '../shared/core/result.ts';
import { connectSocket } from '../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../shared/xenstore/client.ts';
import { type OwnXenstored, ownXenstored } from '../test/daemon/own-xenstored.ts';
import { type Folder, folderWith, PROGRAM } from './testing/built.ts';

let folder: Folder;
let store: OwnXenstored;
beforeAll(async () => {
  folder = folderWith({ 'bad.cfg': 'name="x"\nmemory="lots"\n' });
  store = ownXenstored();
  await store.start();
});
afterAll(async () => {
  folder?.remove();
  await store?.stop();
});

/** Runs a line of bash where `xtl` is the built file; the value is what it printed. */
async function bash(line: string): Promise<string> {
  const { stdout } = await execa('bash', ['-c', `xtl() { "$NODE" "$PROGRAM" "$@"; }\n${line}`], {
    cwd: folder.path,
    env: { NODE: process.execPath, PROGRAM, XENSTORED_PATH: store.socket },
    reject: false,
    timeout: 60_000,
  });
  return stdout;
}

/** A reader that is gone before the first byte is written, and one that has enough of one line. */
const READERS = [
  (words: string) => `{ sleep 0.3; xtl ${words}; echo $? >status; } | true; cat status`,
  (words: string) => `{ xtl ${words}; echo $? >status; } | head -1 >/dev/null; cat status`,
];

const COMMANDS: [string, number][] = [
  ['vm list 2>&1', 5],
  ['vm list', 5],
  ['vm create bad.cfg 2>&1', 6],
  ['vm create none.cfg 2>&1', 3],
  ['frob 2>&1', 2],
  ['explain', 0],
  ['explain -o json', 0],
  ['--help', 0],
  ['store ls -r /', 0],
  ['store write /a 1 2>&1', 0],
];

test.each(COMMANDS)('xtl %s ends with %i, however little is read of it', async (words, status) => {
  for (const line of READERS) expect(await bash(line(words))).toBe(`${status}`);
});

test.each([
  '--help',
  '--version',
  'help vm create',
  'vm create --help',
  'explain',
  '__complete -- v',
])('xtl %s fails where it cannot print', async (words) => {
  expect(await bash(`xtl ${words} 2>&1 >/dev/full; echo $?`)).toBe(
    'xtl: cannot write to standard output: no space left\n1',
  );
});

test('a disk that is full is a failure of what would only print, and of nothing else', async () => {
  expect(await bash('xtl vm list 2>/dev/full; echo $?')).toBe('5');
  expect(await bash('xtl store write /b 1 >/dev/full 2>&1; echo $?; xtl store read /b')).toBe(
    '0\n1',
  );
});

test('bytes of a value that are no UTF-8 are stored as they are, beside text', async () => {
  expect(await bash("xtl store write /bytes $'a\\xff\\xfeb' /text größe\ufffd; echo $?")).toBe('0');
  const hex = (path: string) => bash(`xtl store read --raw ${path} | od -An -tx1`);
  expect((await hex('/bytes')).trim()).toBe('61 ff fe 62');
  expect((await hex('/text')).trim()).toBe('67 72 c3 b6 c3 9f 65 ef bf bd');
  expect(await bash("xtl store ls $'/\\xc3' 2>&1; echo $?")).toMatch(/^xtl: directory \/.: .*\n1$/);
});

test('a file is found by a name that is no UTF-8, and completed', async () => {
  const make = "cp bad.cfg $'g\\xff.cfg'";
  const create = "xtl vm create $'g\\xff.cfg' 2>&1; echo $?";
  expect(await bash(`${make}; ${create}`)).toMatch(/^g\ufffd\.cfg: error: type is not set.*\n6$/s);
  const complete = "xtl __complete -- vm create g | od -An -tx1; rm $'g\\xff.cfg'";
  expect((await bash(complete)).trim()).toBe('67 ff 2e 63 66 67 0a');
});

test.each(['store watch /w', 'store trace'])(
  'xtl %s ends when its reader has gone',
  async (words) => {
    const watch = `{ xtl ${words}; echo $? >ended; } | head -1 >/dev/null`;
    const writes = 'for i in {1..100}; do [ -s ended ] && break; xtl store write /w 1; done';
    expect(await bash(`rm -f ended; ${watch} & ${writes}; cat ended`)).toBe('0');
  },
);

test('a watch whose reader has stopped grows no further, and tells it to look again', async () => {
  const watching = spawn(process.execPath, [PROGRAM, 'store', 'watch', '/many'], {
    env: { ...process.env, XENSTORED_PATH: store.socket },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(watching, 'exit');
  await once(watching.stdout, 'readable');
  const client = createXenstoreClient(must(await connectSocket(store.socket)));
  const path = (i: number): string => `/many/${'x'.repeat(200)}${i}`;
  for (let i = 0; i < 10_000; i += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, k) => client.write(path(i + k), '')));
    await Promise.all(Array.from({ length: 500 }, (_, k) => client.rm(path(i + k))));
  }
  client.close();
  let text = '';
  watching.stdout.setEncoding('latin1').on('data', (data) => {
    text += data;
    if (text.endsWith(`${path(9999)}\n`)) watching.kill();
  });
  await ended;
  const lines = text.split('\n');
  expect(lines.filter((line) => line === '/many').length).toBeGreaterThan(1);
  expect(lines.length).toBeLessThan(5000);
});
