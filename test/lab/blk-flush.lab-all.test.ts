// What a flush promises after a power cut: a guest writes in rounds, each with a flush, and at the
// last flush before each round that our disk's medium has seen, all rounds before it are there.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { START_KEEPER } from './backend.ts';
import { xensHere } from './extent.ts';
import type { Guest, LabHost } from './host.ts';
import { repoRoot } from './paths.ts';
import { testHost } from './test-host.ts';

const ROUNDS = 10;
const BLOCKS = 6;
const DISK_KIB = 16384;
const LOG_KIB = 131_072;
const TEST_MS = 2_400_000;

/** Blocks lie apart and out of order; with the last of a round all that are dirty are flushed. */
const WRITE = [
  `(for r in $(seq ${ROUNDS}); do for b in $(seq ${BLOCKS}); do`,
  `how=notrunc; [ $b = ${BLOCKS} ] && how=notrunc,fsync; at=$(((r * ${BLOCKS} + b) * 37 % 1021));`,
  "printf 'xtl-round %d block %d\\n' $r $b |",
  'dd of=/dev/xvda bs=4096 seek=$at conv=sync,$how 2>/dev/null || exit 1; done; done)',
].join(' ');

/** A disk whose writes are noted, on a RAM disk. dmsetup makes its node: there is no udev. */
const LOGGED = `set -e
modprobe brd rd_nr=3 rd_size=${LOG_KIB}
modprobe dm-log-writes
export DM_DISABLE_UDEV=1
echo "0 ${2 * DISK_KIB} log-writes /dev/ram0 /dev/ram1" | dmsetup create logged`;

/** What an attempt that was begun anew may have left. */
const CLEAR = 'umount /srv; DM_DISABLE_UDEV=1 dmsetup remove logged; true';

/** The guest's disk is closed soon after the guest is gone. */
const untilDone = (command: string): string =>
  `for i in {1..100}; do ${command} && exit 0; sleep 0.5; done; exit 1`;

/** An empty file system, as dom0's own programs make none with a journal. */
async function makeExt4(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'xtl-ext4-'));
  const file = join(folder, 'ext4');
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  await execa('mke2fs', ['-q', '-t', 'ext4', file, `${DISK_KIB}k`], { env });
  return file;
}

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  let ext4: string;
  beforeAll(async () => {
    ext4 = await makeExt4();
    host = await testHost({ xen, image: 'tools' });
    await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
    await host.must(START_KEEPER);
  });
  afterAll(async () => {
    rmSync(dirname(ext4), { recursive: true });
    await host?.end();
  });

  async function write(target: string): Promise<void> {
    const disk = `format=raw,backendtype=phy,script=block-xtl,vdev=xvda,target=${target}`;
    const settings = ['type="pv"', `disk=["${disk}"]`];
    const guest: Guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
    await guest.waitForPrompt();
    await guest.run(WRITE);
    await guest.shutdown();
  }

  /** Of each round but the first: what a power cut before it would have lost. */
  async function lost(...where: readonly string[]): Promise<string[]> {
    await host.must(untilDone('DM_DISABLE_UDEV=1 dmsetup remove logged'));
    const tool = '/usr/lib/xtl/tools/log-writes.mjs';
    const said = await host.must(
      `node ${tool} /dev/ram1 ${1024 * DISK_KIB} ${BLOCKS} ${where.join(' ')}`,
    );
    return said
      .trim()
      .split('\n')
      .map((line) => line.replace(/ at flush [0-9]+/, ''));
  }

  const NOTHING = Array.from({ length: ROUNDS }, (_, i) => `round ${i + 1}: missing none`);

  it(
    'a block device has all that was flushed',
    () =>
      host.withGuests(async () => {
        await host.must(CLEAR);
        await host.must(LOGGED);
        await write('/dev/mapper/logged');
        expect(await lost()).toEqual(NOTHING);
      }),
    TEST_MS,
  );

  it(
    'a file on ext4, whose blocks are allocated as they are written, too',
    () =>
      host.withGuests(async () => {
        await host.must(CLEAR);
        await host.push(ext4, '/root/ext4');
        await host.must(`${LOGGED}
dd if=/root/ext4 of=/dev/mapper/logged bs=1M conv=fsync 2>/dev/null
mkdir -p /srv
mount -t ext4 /dev/mapper/logged /srv
truncate -s 8M /srv/disk.img
sync`);
        await write('/srv/disk.img');
        await host.must(untilDone('umount /srv'));
        expect(await lost('/dev/ram2', 'disk.img')).toEqual(NOTHING);
      }),
    TEST_MS,
  );
});
