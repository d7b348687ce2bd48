/** What blkback opens by what stands in a device's nodes: files, images, servers. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { OpenedDisk } from '../../drivers/blkback/device.ts';
import { diskOpener } from '../../drivers/blkback/disk-opener.unix.ts';
import type { DeviceKeys } from '../../drivers/blkback/keys.ts';
import { must, type Result } from '../../shared/core/result.ts';
import { clock } from '../../shared/platform/unix/clock.ts';
import { memory } from '../../shared/platform/unix/memory.ts';
import { createPoller, type Poller } from '../../shared/platform/unix/poller.ts';
import { welcome } from '../sim/nbd/server-bytes.ts';

const BYTES = 1 << 20;
const own = memory();

let dir: string;
let poller: Poller;
let opener: ReturnType<typeof diskOpener>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-disks-'));
  poller = must(createPoller());
  const servers = join(dir, 'servers');
  opener = diskOpener({ memory: own, poller, clock, servers, log: () => {} });
});
afterEach(() => {
  poller.close();
  own.closeAll();
  rmSync(dir, { recursive: true });
});

function open(params: string, mode = 'w'): Promise<Result<OpenedDisk>> {
  const keys: DeviceKeys = {
    ...{ frontend: '/local/domain/5/device/vbd/51712', frontendId: 5, params, mode },
    ...{ isCdrom: false, isRemovable: false, rate: { bytes: 0, operations: 0 } },
  };
  return opener.openDisk(keys, 51712, () => {});
}

it.each(['', 'raw:'])('a raw image: %j', async (prefix) => {
  writeFileSync(join(dir, 'image'), new Uint8Array(BYTES));
  const disk = must(await open(`${prefix}${dir}/image`));
  expect(disk.io.shape.sectors).toBe(BYTES / 512);
  opener.closeDisk(disk);
});

it('an image in a format, whose server ends with the disk', async () => {
  const image = join(dir, 'image');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, `${BYTES}`]);
  const disk = must(await open(`qcow2:${image}`));
  expect(disk.io.shape.sectors).toBe(BYTES / 512);
  const number = join(dir, 'servers/vbd-5-51712.pid');
  expect(readFileSync(number, 'latin1')).toMatch(/^[0-9]+\n$/);
  opener.closeDisk(disk);
  while (existsSync(number)) await clock.sleep(5);
});

it('a server', async () => {
  const path = join(dir, 's');
  const server = createServer((socket) => void socket.resume().write(welcome(BYTES)));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const disk = must(await open(`nbd+unix:///?socket=${path}`, 'r'));
  expect(disk.io.shape).toMatchObject({ sectors: BYTES / 512, isReadOnly: true });
  opener.closeDisk(disk);
  await new Promise((resolve) => server.close(resolve));
});

it.each([
  ['rbd:pool/image', 'w', 'EOPNOTSUPP'],
  ['vg/web1', 'w', 'EINVAL'],
  ['/nowhere', 'w', 'ENOENT'],
  ['qcow2:/nowhere', 'r', 'ENOENT'],
  ['nbd+unix:///?socket=/nowhere', 'w', 'ENOENT'],
  ['qcow2:/image', 'w!', 'EOPNOTSUPP'],
  ['nbd://localhost/', 'w!', 'EOPNOTSUPP'],
])('%s, to be opened %s, is refused', async (params, mode, errno) => {
  expect(await open(params, mode)).toMatchObject({ ok: false, error: { errno } });
});
