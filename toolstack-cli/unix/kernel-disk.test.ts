/** What Linux's back end would make of a disk, from a sysfs that a test has made. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { kernelDisk } from './kernel-disk.ts';

/** As Linux has it: text with a line's end, numbers of devices in base 10. */
const FILES = {
  'bus/xen-backend/devices/vbd-1-51712/nodename': 'backend/vbd/1/51712\n',
  'module/xen_blkback/parameters/max_queues': '2\n',
  'module/xen_blkback/parameters/max_ring_page_order': '4\n',
  'dev/block/7:0/queue/logical_block_size': '512\n',
  'dev/block/7:0/queue/write_cache': 'write back\n',
  'dev/block/7:0/queue/discard_max_bytes': '4294966784\n',
  'dev/block/253:16/queue/logical_block_size': '4096\n',
  'dev/block/253:16/queue/write_cache': 'write through\n',
  'dev/block/253:16/queue/discard_max_bytes': '0\n',
  'dev/block/queue/logical_block_size': '512\n',
  'dev/block/8:1/partition': '1\n',
};

let sys: string;
beforeAll(() => {
  sys = mkdtempSync(join(tmpdir(), 'xtl-sys-'));
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(sys, name)), { recursive: true });
    writeFileSync(join(sys, name), text);
  }
});
afterAll(() => rmSync(sys, { recursive: true }));

it.each([
  ['a loop device', '7:0', { sectorBytes: 512, canFlush: true, canDiscard: true }],
  [
    'one with numbers in base 16',
    'fd:10',
    { sectorBytes: 4096, canFlush: false, canDiscard: false },
  ],
  ['a partition, by its disk', '8:1', { sectorBytes: 512, canFlush: false, canDiscard: false }],
])('%s', async (_, numbers, block) => {
  const disk = must(await kernelDisk('vbd-1-51712', '/dev/null', numbers, sys));
  expect(disk).toEqual({
    ...{ isSeen: true, limits: { queues: 2, ringOrder: 4 }, own: undefined },
    block: { numbers, ...block },
  });
});

it('a file is no block device, nor are numbers that nobody has', async () => {
  for (const numbers of [undefined, '1:0', 'x']) {
    const disk = must(await kernelDisk('vbd-2-51712', import.meta.filename, numbers, sys));
    expect(disk).toMatchObject({ isSeen: false, own: undefined, block: undefined });
  }
});

it('without the driver there are no limits', async () => {
  const disk = must(await kernelDisk('vbd-1-51712', '/dev/null', undefined, '/nowhere'));
  expect(disk).toEqual({ isSeen: false, limits: undefined, own: undefined, block: undefined });
});
