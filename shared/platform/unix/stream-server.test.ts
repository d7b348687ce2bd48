import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { must } from '../../core/result.ts';
import { lockFile } from './lock-file.ts';
import { type ServedStream, type StreamServer, serveStreams } from './stream-server.ts';

const dir = mkdtempSync(join(tmpdir(), 'xtl-streams-'));
const path = join(dir, 'socket');
const lock = must(lockFile(`${path}.lock`));
const servers: StreamServer[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Served {
  readonly stream: ServedStream;
  heard: string;
  ended: boolean;
  roomCalls: number;
}

/** A server that keeps what it hears. */
function listen(): Served[] {
  const served: Served[] = [];
  const accept = (stream: ServedStream) => {
    const one: Served = { stream, heard: '', ended: false, roomCalls: 0 };
    served.push(one);
    const buffer = new Uint8Array(64 * 1024);
    return {
      readable: () => {
        const count = stream.read(buffer);
        if (count > 0) one.heard += Buffer.from(buffer.subarray(0, count)).toString('latin1');
        if (count >= 0) return;
        one.ended = true;
        stream.close();
      },
      writable: () => {
        one.roomCalls++;
      },
    };
  };
  servers.push(must(serveStreams(path, lock, accept)));
  return served;
}

function connected(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    socket.on('error', reject).on('connect', () => resolve(socket));
  });
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; !what(); i++) {
    expect(i, 'it did not happen').toBeLessThan(1000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it('serves connections one by one and side by side, until they end', async () => {
  const served = listen();
  const sockets = await Promise.all([connected(), connected(), connected()]);
  for (const [i, socket] of sockets.entries()) socket.write(`hello ${i}`);
  await until(() => served.length === 3 && served.every(({ heard }) => heard.length === 7));
  expect(served.map(({ heard }) => heard).sort()).toEqual(['hello 0', 'hello 1', 'hello 2']);
  for (const { stream, heard } of served) stream.write(Buffer.from(`you said ${heard}`));
  const answers = await Promise.all(
    sockets.map((socket) => new Promise((resolve) => socket.once('data', resolve))),
  );
  expect(answers.map(String)).toEqual(['you said hello 0', 'you said hello 1', 'you said hello 2']);
  for (const socket of sockets) socket.destroy();
  await until(() => served.every(({ ended }) => ended));
  const again = await connected();
  again.end('again');
  await until(() => served[3]?.ended === true);
  expect(served[3]?.heard).toBe('again');
});

/** Keeps the process busy after `speak`, so that all of it is there when the server looks. */
function atOnce(speak: () => void): void {
  speak();
  spawnSync('sleep', ['0.1']);
}

it('leaves those in peace that another one closes in the same turn', async () => {
  const streams: ServedStream[] = [];
  let heard = 0;
  const readable = (): void => {
    heard++;
    for (const stream of streams) stream.close();
  };
  const accept = (stream: ServedStream) => {
    streams.push(stream);
    return { readable, writable: () => {} };
  };
  servers.push(must(serveStreams(path, lock, accept)));
  const sockets = await Promise.all([connected(), connected(), connected()]);
  await until(() => streams.length === 3);
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  atOnce(() => {
    for (const socket of sockets) socket.write('x');
  });
  await Promise.all(closed);
  expect(heard).toBe(1);
});

it('hears what was sent before an end that lost replies', async () => {
  const served = listen();
  const socket = await connected();
  await until(() => served.length === 1);
  socket.pause();
  served[0]?.stream.write(new Uint8Array(100));
  socket.write('last words');
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.destroy();
  await until(() => served[0]?.ended === true);
  expect(served[0]?.heard).toBe('last words');
});

it('says when there is no room, and when there is again', async () => {
  const served = listen();
  const socket = await connected();
  await until(() => served.length === 1);
  const { stream } = served[0] as Served;
  socket.pause();
  const chunk = new Uint8Array(100_000);
  let sent = 0;
  for (let count = 1; count > 0; sent += count) {
    count = stream.write(chunk);
    expect(count).toBeGreaterThanOrEqual(0);
  }
  stream.want(false, true);
  socket.write('not wanted now');
  let got = 0;
  socket.on('data', (data) => {
    got += data.length;
  });
  socket.resume();
  await until(() => (served[0]?.roomCalls ?? 0) > 0 && got === sent);
  expect(served[0]?.heard).toBe('');
  stream.want(true, false);
  await until(() => served[0]?.heard === 'not wanted now');
});

it('takes the place of a socket that nobody serves, and of nothing else', async () => {
  writeFileSync(path, 'a file');
  expect(serveStreams(path, lock, () => expect.fail('not used'))).toMatchObject({
    ok: false,
    error: { errno: 'EEXIST' },
  });
  rmSync(path);
  // A process that is killed leaves its socket behind.
  const { status } = spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen('${path}', () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  expect(status).toBeNull();
  expect(existsSync(path)).toBe(true);
  listen();
  expect((await connected()).destroyed).toBe(false);
});

it('is for its owner alone, and for one server', async () => {
  listen();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(path).isSocket()).toBe(true);
  expect(serveStreams(path, lock, () => expect.fail('not used'))).toMatchObject({
    ok: false,
    error: { errno: 'EADDRINUSE' },
  });
  expect((await connected()).destroyed).toBe(false);
});

it('closes its connections and removes its socket when it ends', async () => {
  const served = listen();
  const socket = await connected();
  await until(() => served.length === 1);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  for (const server of servers.splice(0)) server.close();
  await closed;
  expect(existsSync(path)).toBe(false);
});

it.each([
  ['a path that is too long', `/tmp/${'x'.repeat(200)}`, 'EINVAL'],
  ['a folder that is not there', '/nowhere/at/all', 'ENOENT'],
])('refuses %s', (_what, where, errno) => {
  expect(serveStreams(where, lock, () => expect.fail('not used'))).toMatchObject({
    ok: false,
    error: { errno },
  });
});

it('leaves nothing behind', () => {
  rmSync(dir, { recursive: true });
});
