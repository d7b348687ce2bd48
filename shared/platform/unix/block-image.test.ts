/** Images behind a real qemu-nbd: read and written, killed amid it, and refused. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createUser, exercise } from '../../../test/sim/nbd/block-user.ts';
import { createDiskModel, SECTOR, seeds } from '../../../test/sim/nbd/disk-model.ts';
import { prng } from '../../core/prng.ts';
import { must, type Result } from '../../core/result.ts';
import type { ImageFormat } from '../../nbd/target.ts';
import type { BlockIo } from '../block-io.ts';
import { type BlockImageOptions, openBlockImage } from './block-image.ts';
import { clock } from './clock.ts';
import { numberIn } from './server-process.ts';

const SECTORS = 8192;
const NAME = 'vbd-1-51712';

let dir: string;
let path: string;
let user: ReturnType<typeof createUser>;
let reports: string[];
const open: BlockIo[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-image-'));
  path = join(dir, 'image');
  user = createUser();
  reports = [];
});
afterEach(async () => {
  for (const disk of open.splice(0)) disk.close();
  await untilGone();
  rmSync(dir, { recursive: true });
});

const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });
const pidPath = (): string => join(dir, `${NAME}.pid`);
const serverPid = (): number => numberIn(pidPath()) as number;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await clock.sleep(5);
}

/** Servers of this folder, by their command lines. */
function servers(): string[] {
  const { stdout } = { stdout: execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }) };
  return stdout.split('\n').filter((line) => /^\S*qemu-nbd /.test(line) && line.includes(dir));
}
const untilGone = (): Promise<void> => until(() => servers().length === 0);

const makeImage = (format: string, ...more: string[]): string =>
  qemuImg('create', '-q', '-f', format, ...more, path, `${SECTORS * SECTOR}`);

async function tryOpen(
  format: ImageFormat = 'qcow2',
  rest: Partial<BlockImageOptions> = {},
  isReadOnly = false,
): Promise<Result<BlockIo>> {
  const disk = await openBlockImage({
    ...{ image: { path, format, isReadOnly }, folder: dir, name: NAME, clock },
    ...{ onDone: user.onDone, report: (what) => void reports.push(what) },
    ...rest,
  });
  if (disk.ok) open.push(disk.value);
  return disk;
}

function closeAll(): Promise<void> {
  for (const disk of open.splice(0)) disk.close();
  return untilGone();
}

/** The image's content, by another program. */
function content(format: string): Uint8Array {
  const raw = join(dir, 'raw');
  qemuImg('convert', '-f', format, '-O', 'raw', path, raw);
  return readFileSync(raw);
}

const formats: readonly (readonly [ImageFormat, string])[] = [
  ['qcow2', 'qcow2'],
  ['qcow', 'qcow'],
  ['vhd', 'vpc'],
  ['vmdk', 'vmdk'],
  ['vhdx', 'vhdx'],
  ['qed', 'qed'],
];

it.each(formats)('%s is read and written', async (format, qemuFormat) => {
  makeImage(qemuFormat);
  const disk = must(await tryOpen(format));
  expect(disk.shape).toMatchObject({ sectorBytes: 512, isReadOnly: false });
  expect(disk.shape.sectors).toBeGreaterThanOrEqual(SECTORS);
  user.region.bytes.fill(0xab, 0, 4096);
  disk.write(5, 64, user.region, 0, 4096);
  disk.submit();
  expect(await user.results(disk, 1)).toEqual({ 5: 0 });
  disk.read(6, 63, user.region, 8192, 1024);
  disk.flush(7);
  disk.submit();
  expect(await user.results(disk, 2)).toEqual({ 6: 0, 7: 0 });
  expect([user.region.bytes[8192 + 511], user.region.bytes[8192 + 512]]).toEqual([0, 0xab]);
  await closeAll();
  expect(content(qemuFormat).subarray(64 * 512 - 1, 64 * 512 + 1)).toEqual(Buffer.from([0, 0xab]));
  expect(reports).toEqual([]);
});

it('what is not in an image is in the one behind it', async () => {
  const base = join(dir, 'base');
  writeFileSync(base, new Uint8Array(SECTORS * SECTOR).fill(7));
  makeImage('qcow2', '-b', base, '-F', 'raw');
  const disk = must(await tryOpen());
  user.region.bytes.fill(9, 0, 512);
  disk.write(1, 1, user.region, 0, 512);
  disk.submit();
  await user.results(disk, 1);
  disk.read(2, 0, user.region, 0, 1536);
  disk.submit();
  expect(await user.results(disk, 1)).toEqual({ 2: 0 });
  expect([0, 511, 512, 1023, 1024].map((at) => user.region.bytes[at])).toEqual([7, 7, 9, 9, 7]);
  expect(readFileSync(base).every((byte) => byte === 7)).toBe(true);
});

it('what may only be read is not written, and is shared', async () => {
  makeImage('qcow2');
  const disk = must(await tryOpen('qcow2', {}, true));
  expect(disk.shape).toMatchObject({ isReadOnly: true, canDiscard: false });
  must(await tryOpen('qcow2', { name: 'vbd-2-51712' }, true));
  expect(await tryOpen('qcow2', { name: 'vbd-3-51712' })).toMatchObject({
    error: { errno: 'EBUSY', what: expect.stringContaining(`${path} is in use`) },
  });
  disk.write(1, 0, user.region, 0, 512);
  disk.submit();
  expect((await user.results(disk, 1))[1]).toBeLessThan(0);
});

it.each(formats)('what is no %s is told', async (format) => {
  writeFileSync(path, new Uint8Array(1 << 20));
  expect(await tryOpen(format)).toMatchObject({
    error: { errno: 'EINVAL', what: expect.stringContaining(`${path} is no image of the format`) },
  });
  expect(servers()).toEqual([]);
});

it.each([
  ['nothing there', 'none', 'ENOENT', 'no such file'],
  ['a folder', 'folder', 'EISDIR', 'is a directory'],
  ['a device that is no disk', '/dev/null', 'EINVAL', 'no block device'],
])('%s is told by name', async (_, name, errno, words) => {
  mkdirSync(join(dir, 'folder'));
  const wrong = name.startsWith('/') ? name : join(dir, name);
  const image = { path: wrong, format: 'qcow2' as const, isReadOnly: false };
  const failed = { errno, what: expect.stringContaining(words) };
  expect(await tryOpen('qcow2', { image })).toEqual({ ok: false, error: failed });
});

it('a backing image that is gone is told', async () => {
  const base = join(dir, 'base');
  writeFileSync(base, new Uint8Array(1 << 20));
  makeImage('qcow2', '-b', base, '-F', 'raw');
  rmSync(base);
  expect(await tryOpen()).toMatchObject({ error: { errno: 'ENOENT' } });
});

it('where there is no qemu-nbd, it is said how to have one', async () => {
  makeImage('qcow2');
  expect(await tryOpen('qcow2', { programs: [dir] })).toEqual({
    ok: false,
    error: { errno: 'ENOENT', what: 'qemu-nbd is not installed: apt-get install qemu-utils' },
  });
});

it.each(seeds(6))('a server is killed amid it, and nobody notices (seed %i)', async (seed) => {
  makeImage('qcow2', '-o', 'cluster_size=4096');
  const disk = must(await tryOpen());
  const random = prng(seed);
  const model = createDiskModel(random, SECTORS, 24, 'hints');
  let kills = 0;
  await exercise(disk, user, model, random, 300, () => {
    const pid = kills < 4 && random.chance(0.04) ? numberIn(pidPath()) : undefined;
    if (pid === undefined) return;
    process.kill(pid, 'SIGKILL');
    kills++;
  });
  expect(kills).toBeGreaterThan(0);
  disk.flush(1);
  disk.submit();
  expect(await user.results(disk, 1)).toEqual({ 1: 0 });
  // As a power failure leaves it: the flush has made sure of all.
  process.kill(serverPid(), 'SIGKILL');
  await closeAll();
  model.expectDisk(content('qcow2'));
  expect(reports.some((what) => what.includes('has ended: SIGKILL'))).toBe(true);
});

it('what was answered and not flushed is there when a server has ended', async () => {
  makeImage('qcow2', '-o', 'cluster_size=4096');
  const disk = must(await tryOpen());
  const random = prng(7);
  const model = createDiskModel(random, SECTORS, 24, 'hints');
  await exercise(disk, user, model, random, 100, () => {});
  await closeAll();
  model.expectDisk(content('qcow2'));
});
