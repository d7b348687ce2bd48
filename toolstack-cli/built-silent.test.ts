/** The built file before a xenstored that takes connections and never answers. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Folder, folderWith, PROGRAM } from './testing/built.ts';

let folder: Folder;
let server: Server;
let env: Record<string, string>;
beforeAll(async () => {
  folder = folderWith({});
  env = { XENSTORED_PATH: join(folder.path, 'socket'), XENSTORED_RUNDIR: folder.path };
  server = createServer().listen(env.XENSTORED_PATH);
  await once(server, 'listening');
});
afterAll(() => {
  server?.close();
  folder?.remove();
});

test.concurrent('status says so after some seconds, and ends', async () => {
  expect(await folder.xtl(['xenstored', 'status'], env)).toEqual({
    exit: 7,
    stdout: '',
    stderr: 'xtl: xenstored does not answer\n',
  });
});

test.concurrent.each([
  ['store', 'ls'],
  ['store', 'watch', '/x'],
  ['store', 'write', '/x', '1'],
])('xtl %s %s waits, as xenstore-ls does, and says that it does', async (...words) => {
  const waiting = spawn(process.execPath, [PROGRAM, ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(waiting, 'exit');
  const [said] = await once(waiting.stderr.setEncoding('utf8'), 'data');
  expect(said).toBe('xtl: xenstored does not answer; still waiting for it (^C ends that)\n');
  expect(waiting.exitCode).toBeNull();
  waiting.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
});
