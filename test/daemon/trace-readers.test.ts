/** Readers of the live trace: what they do is no business of those who ask the store. */

import { createConnection, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { connectSocket } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient, type XenstoreClient } from '../../shared/xenstore/client.ts';
import { type OwnXenstored, ownXenstored } from './own-xenstored.ts';
import { until } from './process.ts';

let own: OwnXenstored;
let store: XenstoreClient;
const sockets: Socket[] = [];
beforeAll(() => {
  own = ownXenstored();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  store?.close();
  await own.kill();
});
afterAll(() => own.stop());

/** Connects to the trace; reads nothing before it is resumed. */
async function reader(): Promise<{ socket: Socket; text: () => string }> {
  const socket = createConnection(`${own.socket}.trace`);
  sockets.push(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.pause();
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.pause();
  return { socket, text: () => text };
}

/** Asks for a path of 200 bytes, so often, 100 at a time; each shows two lines. */
async function ask(times: number, name: string): Promise<void> {
  const path = `/${name}-${'x'.repeat(200 - name.length)}`;
  for (let i = 0; i < times; i += 100) {
    await Promise.all(Array.from({ length: 100 }, () => store.read(path)));
  }
}

/** Lines of its requests that were shown, and those said to be dropped. */
function counted(text: string, name: string): { shown: number; dropped: number } {
  const notes = [...text.matchAll(/^(\d+) lines dropped$/gm)];
  return {
    shown: [...text.matchAll(new RegExp(`^IN s\\d+ .* READ \\(/${name}-`, 'gm'))].length,
    dropped: notes.reduce((sum, [, count]) => sum + Number(count), 0),
  };
}

async function started(): Promise<void> {
  await own.start();
  store = createXenstoreClient(must(await connectSocket(own.socket)));
}

it('shows a stopped reader what there was room for, and how many lines it missed', async () => {
  await started();
  const slow = await reader();
  await ask(8000, 'early');
  slow.socket.resume();
  await until(async () => {
    await ask(100, 'late');
    return counted(slow.text(), 'late').shown >= 100;
  });
  const { shown, dropped } = counted(slow.text(), 'early');
  expect(shown).toBeGreaterThan(1000);
  expect(shown).toBeLessThan(8000);
  expect(dropped).toBeGreaterThan(0);
  // Each line is whole: a request, a reply, an event or a note.
  const lines = slow.text().split('\n').slice(0, -1);
  expect(lines.filter((line) => !/^((IN|OUT) s\d+ .*\)|\d+ lines dropped)$/.test(line))).toEqual(
    [],
  );
});

it('keeps no more for a stopped reader than it may, and serves the others', async () => {
  await started();
  const readers = await Promise.all(Array.from({ length: 32 }, () => reader()));
  const memory = async (): Promise<number> => {
    await store.control('memreport', `${own.dir}/memory`);
    const { readFileSync, rmSync } = await import('node:fs');
    const [, bytes] =
      /^arrayBuffers +(\d+)$/m.exec(readFileSync(`${own.dir}/memory`, 'utf8')) ?? [];
    rmSync(`${own.dir}/memory`);
    return Number(bytes);
  };
  await ask(6000, 'many');
  const first = await memory();
  await ask(6000, 'more');
  expect(await memory()).toBeLessThan(first + (1 << 20));
  expect(first).toBeLessThan(64 << 20);
  const late = await reader();
  late.socket.resume();
  await until(() => late.text() === '32 others read the trace already\n' && late.socket.closed);
  readers[0]?.socket.destroy();
  const next = await reader();
  next.socket.resume();
  await until(async () => {
    await ask(100, 'next');
    return counted(next.text(), 'next').shown > 0;
  });
});
