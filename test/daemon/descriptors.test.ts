/** A daemon that is out of descriptors: told, waited for without work, over when there are some. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePacket } from '../../shared/xenstore/wire.ts';
import { type OwnXenstored, ownXenstored } from './own-xenstored.ts';
import { exitOf, until } from './process.ts';

const XS_READ = 2;
/** Descriptors that it is left. */
const FREE = 3;
/** Clients for whom there are none. */
const WAITING = 5;

let own: OwnXenstored;
const sockets: Socket[] = [];
beforeAll(() => {
  own = ownXenstored();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await own.stop();
});

/** Milliseconds of processor time so far: utime and stime of proc(5), in hundredths of a second. */
function busyMs(pid: number): number {
  const words = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return 10 * (Number(words[11]) + Number(words[12]));
}

function fdsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fd`).map(Number);
}

/** The limit below which so many descriptors are free: some are open far above all others. */
function limitWithFree(open: readonly number[], free: number): number {
  let limit = 0;
  for (let left = free; left > 0; limit++) if (!open.includes(limit)) left--;
  return limit;
}

/** A client that asks something as soon as it may; it joins those who were answered. */
function client(answered: Set<Socket>): Socket {
  const socket = connect(own.socket);
  socket.on('error', () => {});
  socket.once('data', () => answered.add(socket));
  socket.write(encodePacket(XS_READ, 0, 0, '/tool\0'));
  sockets.push(socket);
  return socket;
}

it('lets who connects wait, tells it once, and serves them when it can', async () => {
  const child = await own.start();
  const pid = child.pid as number;
  await until(() => own.said(child).includes('serves'));
  const lines = (what: string): number => own.said(child).split(what).length - 1;
  const limit = limitWithFree(fdsOf(pid), FREE);
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:${limit}`]);

  const answered = new Set<Socket>();
  const all = Array.from({ length: FREE + WAITING }, () => client(answered));
  await until(() => lines('cannot accept connections') === 1);
  expect(own.said(child)).toContain('socket: too many open files; they wait');
  expect(fdsOf(pid).filter((fd) => fd < limit)).toHaveLength(limit);
  const worked = busyMs(pid);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(busyMs(pid) - worked).toBeLessThan(200);
  expect(lines('cannot accept connections')).toBe(1);

  // Every one that was answered and goes makes room for another that waits.
  for (const socket of all) {
    await until(() => answered.has(socket));
    socket.destroy();
  }
  await until(() => lines('wait no more') === 1);
  expect(lines('cannot accept connections')).toBe(1);
  expect(await exitOf(child, 'SIGTERM')).toBe(0);
});
