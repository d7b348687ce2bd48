/** Raw images as disks, by io_uring and by threads. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { must } from '../../core/result.ts';
import type { BlockIo } from '../block-io.ts';
import type { Region } from '../region.ts';
import { type BlockFileOptions, openBlockFile } from './block-file.ts';
import { memory } from './memory.ts';
import { createPoller, type Poller } from './poller.ts';

const own = memory();
const IMAGE_BYTES = 1 << 20;

let dir: string;
let path: string;
let region: Region;
let poller: Poller;
const open: BlockIo[] = [];
let wake = (): void => {};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-block-'));
  path = join(dir, 'image');
  writeFileSync(
    path,
    Uint8Array.from({ length: IMAGE_BYTES }, (_, i) => i >> 9),
  );
  region = must(own.pages(256));
  poller = must(createPoller());
});
afterEach(() => {
  for (const disk of open.splice(0)) disk.close();
  poller.close();
  own.unmap(region);
  rmSync(dir, { recursive: true });
});

const tryOpen = (rest: Partial<BlockFileOptions> = {}) => {
  const address = own.addressOf(region) as number;
  const ours = { memory: region, address, poller, onDone: () => wake() };
  const disk = openBlockFile({ path, isReadOnly: false, ...ours, ...rest });
  if (disk.ok) open.push(disk.value);
  return disk;
};

const into = new Int32Array(64);

/** Results by number, once there are as many, each time after the disk has told of some. */
async function results(disk: BlockIo, count: number): Promise<Record<number, number>> {
  const found: Record<number, number> = {};
  while (Object.keys(found).length < count) {
    const taken = disk.completions(into);
    for (let i = 0; i < taken; i++) found[into[2 * i] as number] = into[2 * i + 1] as number;
    if (taken > 0) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  return found;
}

describe.each(['uring', 'threads'] as const)('by %s', (engine) => {
  it('reads, writes and makes sure', async () => {
    const disk = must(tryOpen({ engine }));
    expect(disk.shape).toMatchObject({ sectors: 2048, sectorBytes: 512, isReadOnly: false });
    region.bytes.fill(0xab, 8192, 12_288);
    disk.write(5, 16, region, 8192, 4096);
    disk.read(6, 1000, region, 0, 512);
    disk.read(1023, 8, region, 512, 1024);
    disk.submit();
    expect(await results(disk, 3)).toEqual({ 5: 0, 6: 0, 1023: 0 });
    expect([region.bytes[0], region.bytes[512], region.bytes[1024]]).toEqual([1000 & 255, 8, 9]);
    disk.flush(7);
    disk.submit();
    expect(await results(disk, 1)).toEqual({ 7: 0 });
    const bytes = readFileSync(path);
    expect([bytes[8191], bytes[8192], bytes[12_287], bytes[12_288]]).toEqual([15, 0xab, 0xab, 24]);
  });

  it('a read of what is not there any more fails', async () => {
    const disk = must(tryOpen({ engine }));
    truncateSync(path, 4096);
    disk.read(1, 100, region, 0, 4096);
    disk.submit();
    expect(await results(disk, 1)).toEqual({ 1: -5 });
  });

  it('is as large as it was at the last look', async () => {
    const disk = must(tryOpen({ engine }));
    truncateSync(path, 4 * IMAGE_BYTES + 100);
    expect(disk.shape.sectors).toBe(2048);
    must(disk.measure(Number.POSITIVE_INFINITY));
    expect(disk.shape.sectors).toBe(8192);
    disk.write(1, 8184, region, 0, 4096);
    disk.submit();
    expect(await results(disk, 1)).toEqual({ 1: 0 });
    must(disk.measure(100));
    expect(disk.shape.sectors).toBe(100);
  });

  it('what may only be read is not written', async () => {
    const disk = must(tryOpen({ engine, isReadOnly: true }));
    expect(disk.shape).toMatchObject({ isReadOnly: true, canDiscard: false });
    disk.write(1, 0, region, 0, 512);
    disk.submit();
    expect((await results(disk, 1))[1]).toBeLessThan(0);
    expect(readFileSync(path)[0]).toBe(0);
  });
});

it('io_uring discards', async () => {
  const disk = must(tryOpen());
  expect(disk.shape.canDiscard).toBe(true);
  disk.discard(1, 16, 16, false);
  disk.submit();
  expect(await results(disk, 1)).toEqual({ 1: 0 });
  const bytes = readFileSync(path);
  expect([bytes[8191], bytes[8192], bytes[16_383], bytes[16_384]]).toEqual([15, 0, 0, 32]);
});

it('two do not write one image, and nobody writes what others read', () => {
  must(tryOpen());
  const busy = { ok: false, error: { errno: 'EBUSY', what: `${path} is in use` } };
  expect(tryOpen()).toEqual(busy);
  expect(tryOpen({ isReadOnly: true })).toEqual(busy);
  must(tryOpen({ isShared: true }));
});

it('any number read one image', () => {
  for (let i = 0; i < 3; i++) must(tryOpen({ isReadOnly: true }));
  expect(tryOpen().ok).toBe(false);
});

it.each([
  ['nothing there', 'none', 'ENOENT', 'no such file'],
  ['a folder', 'folder', 'EISDIR', 'is a directory'],
  ['a device that is no disk', '/dev/null', 'EINVAL', 'no block device'],
])('%s is told by name', (_, name, errno, words) => {
  mkdirSync(join(dir, 'folder'));
  const wrong = name.startsWith('/') ? name : join(dir, name);
  const opened = tryOpen({ path: wrong });
  expect(opened).toMatchObject({
    ok: false,
    error: { errno, what: expect.stringContaining(words) },
  });
  expect(opened).toMatchObject({ error: { what: expect.stringContaining(wrong) } });
});
