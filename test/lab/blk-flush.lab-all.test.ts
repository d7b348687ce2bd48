// What a flush promises after a power cut: a guest writes in rounds, each with a flush, and at the
// last flush before each round that our disk's medium has seen, all rounds before it are there.

import { join } from 'node:path';
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

/** A disk whose writes are noted, on a RAM disk. */
const LOGGED = `modprobe brd rd_nr=3 rd_size=${LOG_KIB}
modprobe dm-log-writes
echo "0 ${2 * DISK_KIB} log-writes /dev/ram0 /dev/ram1" | dmsetup create logged`;

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen, image: 'tools' });
    await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
    await host.must(START_KEEPER);
  });
  afterAll(() => host?.end());

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
    await host.must('dmsetup remove --retry logged');
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
        await host.run('dmsetup remove --retry logged');
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
        await host.run('umount /srv; dmsetup remove --retry logged');
        await host.must(`${LOGGED}
mke2fs -q -t ext4 /dev/mapper/logged
mkdir -p /srv && mount -t ext4 /dev/mapper/logged /srv
truncate -s 8M /srv/disk.img && sync`);
        await write('/srv/disk.img');
        await host.must('until umount /srv; do sleep 0.5; done');
        expect(await lost('/dev/ram2', 'disk.img')).toEqual(NOTHING);
      }),
    TEST_MS,
  );
});
