/** Disks behind nbdkit, a server of others. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { prng } from '../../shared/core/prng.ts';
import { must, type Result } from '../../shared/core/result.ts';
import type { BlockIo } from '../../shared/platform/block-io.ts';
import { type BlockNbdOptions, openBlockNbd } from '../../shared/platform/unix/block-nbd.ts';
import { clock } from '../../shared/platform/unix/clock.ts';
import { createUser, exercise } from '../sim/nbd/block-user.ts';
import { createDiskModel } from '../sim/nbd/disk-model.ts';

const BYTES = 1 << 20;
const EIO = 5;

let dir: string;
let path: string;
let user: ReturnType<typeof createUser>;
let reports: string[];
const open: BlockIo[] = [];
const started: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-nbdkit-'));
  path = join(dir, 'socket');
  user = createUser();
  reports = [];
});
afterEach(() => {
  for (const disk of open.splice(0)) disk.close();
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

async function tryOpen(rest: Partial<BlockNbdOptions> = {}): Promise<Result<BlockIo>> {
  const disk = await openBlockNbd({
    ...{ address: { path }, exportName: '', isReadOnly: false, clock },
    ...{ onDone: user.onDone, report: (what) => void reports.push(what) },
    ...rest,
  });
  if (disk.ok) open.push(disk.value);
  return disk;
}

async function nbdkit(...args: string[]): Promise<void> {
  // It writes its number when it listens.
  const number = join(dir, 'number');
  const ours = ['--foreground', '--exit-with-parent', '--unix', path, '--pidfile', number];
  started.push(spawn('nbdkit', [...ours, ...args], { stdio: 'ignore' }));
  while (!existsSync(number)) await clock.sleep(2);
}

it('is read, written, flushed and trimmed', async () => {
  await nbdkit('memory', `${BYTES}`);
  const disk = must(await tryOpen());
  expect(disk.shape).toEqual({
    ...{ sectorBytes: 512, sectors: 2048, isReadOnly: false, canDiscard: true },
    canDiscardSecurely: false,
  });
  const model = createDiskModel(prng(1), 2048, 24);
  await exercise(disk, user, model, prng(2), 200, () => {});
  expect(reports).toEqual([]);
});

it('by TCP', async () => {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const args = ['--foreground', '--exit-with-parent', '-i', '127.0.0.1', '-p', `${port}`];
  started.push(spawn('nbdkit', [...args, 'memory', '1M'], { stdio: 'ignore' }));
  let disk = await tryOpen({ address: { host: '127.0.0.1', port } });
  while (!disk.ok) {
    expect(disk.error.errno).toBe('ECONNREFUSED');
    disk = await tryOpen({ address: { host: '127.0.0.1', port } });
  }
  disk.value.write(1, 0, user.region, 0, 512);
  disk.value.submit();
  expect(await user.results(disk.value, 1)).toEqual({ 1: 0 });
});

it('is asked for no more at a time, and no less, than it allows', async () => {
  const sizes = ['blocksize-minimum=4096', 'blocksize-preferred=4096', 'blocksize-maximum=65536'];
  const policy = [...sizes, 'blocksize-error-policy=error'];
  await nbdkit('--filter=blocksize-policy', 'memory', `${BYTES}`, ...policy);
  const disk = must(await tryOpen());
  expect(disk.shape.sectorBytes).toBe(4096);
  user.region.bytes.forEach((_, i, bytes) => {
    bytes[i] = i >> 12;
  });
  const sent = user.region.bytes.slice();
  disk.write(1, 0, user.region, 0, BYTES);
  disk.submit();
  expect(await user.results(disk, 1)).toEqual({ 1: 0 });
  user.region.bytes.fill(0);
  disk.read(2, 0, user.region, 0, BYTES);
  disk.submit();
  expect(await user.results(disk, 1)).toEqual({ 2: 0 });
  expect(Buffer.compare(user.region.bytes, sent)).toBe(0);
});

it('that may only be read is not opened to be written', async () => {
  await nbdkit('-r', 'memory', '1M');
  expect(await tryOpen()).toMatchObject({ error: { errno: 'EROFS' } });
  expect(must(await tryOpen({ isReadOnly: true })).shape.isReadOnly).toBe(true);
});

it('its errors are those of the operation', async () => {
  await nbdkit('--filter=error', 'memory', '1M', 'error-pread=EIO', 'error-pread-rate=100%');
  const disk = must(await tryOpen());
  disk.read(1, 0, user.region, 0, 512);
  disk.write(2, 0, user.region, 0, 512);
  disk.submit();
  expect(await user.results(disk, 2)).toEqual({ 1: -EIO, 2: 0 });
});
