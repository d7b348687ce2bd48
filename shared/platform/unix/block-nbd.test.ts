/** Disks behind servers of NBD that lie, hang up and come back as others. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createUser, exercise } from '../../../test/sim/nbd/block-user.ts';
import { createDiskModel, SECTOR, seeds } from '../../../test/sim/nbd/disk-model.ts';
import { createMemoryServer, type MemoryServer } from '../../../test/sim/nbd/memory-server.ts';
import {
  ALL_FLAGS,
  ack,
  bytesOf,
  exportInfo,
  greeting,
  optionReply,
  reply,
  welcome,
} from '../../../test/sim/nbd/server-bytes.ts';
import { prng } from '../../core/prng.ts';
import { must, type Result } from '../../core/result.ts';
import type { BlockIo } from '../block-io.ts';
import { type BlockNbdOptions, openBlockNbd } from './block-nbd.ts';
import { clock } from './clock.ts';

const BYTES = 1 << 20;
const EIO = 5;

let dir: string;
let path: string;
let user: ReturnType<typeof createUser>;
let reports: string[];
const open: BlockIo[] = [];
const listening: Server[] = [];
const sockets = new Set<Socket>();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-nbd-'));
  path = join(dir, 'socket');
  user = createUser();
  reports = [];
});
afterEach(async () => {
  for (const disk of open.splice(0)) disk.close();
  for (const socket of sockets) socket.destroy();
  for (const server of listening.splice(0)) await new Promise((done) => server.close(done));
  rmSync(dir, { recursive: true });
});

async function tryOpen(rest: Partial<BlockNbdOptions> = {}): Promise<Result<BlockIo>> {
  const disk = await openBlockNbd({
    ...{ address: { path }, exportName: '', isReadOnly: false, clock, retryMaxMs: 20 },
    ...{ onDone: user.onDone, report: (what) => void reports.push(what) },
    ...rest,
  });
  if (disk.ok) open.push(disk.value);
  return disk;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await clock.sleep(2);
}

/** Serves connections, each as it is told, from the first on. */
async function serve(...each: ((socket: Socket) => void)[]): Promise<void> {
  let count = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    (each[Math.min(count++, each.length - 1)] as (socket: Socket) => void)(socket);
  });
  listening.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

const GO_BYTES = 4 + 16 + 4 + 4;
const says =
  (...parts: Uint8Array[]) =>
  (socket: Socket): void => {
    socket.resume();
    socket.write(bytesOf(...parts));
  };

/** A server over a disk in memory, which answers as soon as it is asked. */
const honest =
  (memory: MemoryServer, size = BYTES, flags = ALL_FLAGS) =>
  (socket: Socket): void => {
    let left = GO_BYTES;
    socket.write(welcome(size, flags));
    socket.on('data', (bytes) => {
      const skipped = Math.min(left, bytes.length);
      left -= skipped;
      memory.take(bytes.subarray(skipped));
      while (!memory.isIdle()) for (const each of memory.step()) socket.write(each);
    });
  };

/** A server that does something as soon as it is asked for anything. */
const thenAsked =
  (act: (socket: Socket) => void) =>
  (socket: Socket): void => {
    socket.write(welcome(BYTES));
    let came = 0;
    socket.on('data', ({ length }) => {
      came += length;
      if (came > GO_BYTES) act(socket);
    });
  };

async function writeOne(disk: BlockIo, value: number): Promise<number | undefined> {
  user.region.bytes.fill(value, 0, 512);
  disk.write(1, 0, user.region, 0, 512);
  disk.submit();
  return (await user.results(disk, 1))[1];
}

it.each([
  ['nobody there', undefined, 'ENOENT', 'no such file'],
  ['no server of NBD', says(new Uint8Array(18)), 'EPROTO', 'it is no NBD server'],
  [
    'no such export',
    says(greeting(), optionReply(0x8000_0006)),
    'ENOENT',
    'it has no export of that name',
  ],
  ['one that hangs up', (socket: Socket) => socket.destroy(), 'EPIPE', 'hung up'],
  ['replies before requests', says(welcome(BYTES), reply(1, 1)), undefined, 'not asked'],
])('%s is told', async (_, server, errno, what) => {
  if (server !== undefined) await serve(server);
  const disk = await tryOpen({ exportName: 'web1' });
  const words = `the NBD server ${path} with 'web1': `;
  if (errno !== undefined) expect(disk).toMatchObject({ error: { errno } });
  await until(() => !disk.ok || reports.length > 0);
  const told = disk.ok ? reports[0] : disk.error.what;
  expect(told).toContain(words);
  expect(told).toContain(what);
});

it('one that says nothing is left in the end', async () => {
  await serve((socket) => void socket.resume());
  const hasty = { ...clock, after: (ms: number, then: () => void) => clock.after(ms / 100, then) };
  expect(await tryOpen({ clock: hasty })).toMatchObject({ error: { errno: 'ETIMEDOUT' } });
});

it.each([
  ['no magic number', new Uint8Array(16)],
  ['a reply to nothing', reply(77, 0)],
  ['what was asked, twice', bytesOf(reply(1, 1), reply(1, 1))],
  ['that it ends', reply(1, 1, 108)],
])('a server that sends %s is left for one that does not', async (_, lie) => {
  const memory = createMemoryServer(prng(1), new Uint8Array(BYTES));
  await serve(
    thenAsked((socket) => void socket.write(lie)),
    honest(memory),
  );
  const disk = must(await tryOpen());
  expect(await writeOne(disk, 5)).toBe(0);
  await until(() => memory.current[0] === 5);
  expect(reports).toHaveLength(2);
});

it('a server of another export is not taken for the same', async () => {
  const memory = createMemoryServer(prng(1), new Uint8Array(BYTES));
  await serve(
    thenAsked((socket) => void socket.destroy()),
    says(welcome(BYTES / 2)),
    says(welcome(BYTES, 3)),
    honest(memory),
  );
  const disk = must(await tryOpen());
  expect(await writeOne(disk, 6)).toBe(0);
  expect(reports.map((what) => what.replace(/^.*?: /, ''))).toEqual([
    'it has hung up; its disk waits',
    `it is another export: its size was ${BYTES} and is ${BYTES / 2}; its disk waits`,
    'it is another export: its read-only was false and is true; its disk waits',
    'is back',
  ]);
});

it('a connection that is lost amid a large write loses nothing', async () => {
  const memory = createMemoryServer(prng(1), new Uint8Array(BYTES));
  // More than a socket holds is on its way when it stops to read, and hangs up.
  const stops = thenAsked((socket) => {
    socket.pause();
    setTimeout(() => socket.destroy(), 20);
  });
  await serve(stops, honest(memory));
  const disk = must(await tryOpen());
  user.region.bytes.forEach((_, i, bytes) => {
    bytes[i] = (i >> 9) % 251;
  });
  disk.write(1, 0, user.region, 0, BYTES);
  disk.submit();
  expect(await user.results(disk, 1)).toEqual({ 1: 0 });
  expect(Buffer.compare(memory.current, user.region.bytes)).toBe(0);
});

it('where there is no flush the disk says so', async () => {
  await serve(honest(createMemoryServer(prng(1), new Uint8Array(BYTES)), BYTES, 1));
  const disk = must(await tryOpen());
  expect(disk.shape).toMatchObject({ cannotFlush: true, canDiscard: false });
  disk.flush(3);
  disk.submit();
  expect(await user.results(disk, 1)).toEqual({ 3: 0 });
});

it('what nobody waits for any more ends, though the server does not come back', async () => {
  await serve((socket) => {
    says(greeting(), exportInfo(BYTES), ack())(socket);
  });
  const disk = must(await tryOpen());
  disk.read(1, 0, user.region, 0, 512);
  disk.flush(2);
  disk.submit();
  await clock.sleep(10);
  expect(disk.completions(new Int32Array(8))).toBe(0);
  disk.giveUp?.();
  expect(await user.results(disk, 2)).toEqual({ 1: -EIO, 2: -EIO });
  disk.write(3, 0, user.region, 0, 512);
  disk.submit();
  expect(await user.results(disk, 1)).toEqual({ 3: -EIO });
});

it.each(seeds(5))('connections that are lost at any byte lose nothing (seed %i)', async (seed) => {
  const random = prng(seed);
  const memory = createMemoryServer(random, new Uint8Array(BYTES));
  const good = honest(memory);
  await serve((socket) => {
    good(socket);
    socket.on('close', () => memory.kill());
  });
  const disk = must(await tryOpen());
  const model = createDiskModel(random, BYTES / SECTOR, 24);
  await exercise(disk, user, model, random, 150, () => {
    if (random.chance(0.05)) for (const socket of sockets) socket.destroy();
  });
  disk.flush(1);
  disk.submit();
  expect(await user.results(disk, 1)).toEqual({ 1: 0 });
  model.expectDisk(memory.stable);
  expect(reports.length).toBeGreaterThan(1);
});
