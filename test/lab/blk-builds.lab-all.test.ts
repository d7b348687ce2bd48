// Our block backend followed by another build of it, under load: gone on with, or refused by name.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killBackend, START_KEEPER } from './backend.ts';
import { xensHere } from './extent.ts';
import type { Guest, LabHost } from './host.ts';
import { buildOlder, journalVersions } from './other-build.ts';
import { repoRoot } from './paths.ts';
import { testHost } from './test-host.ts';

const { ours: OURS, older: OLDER } = journalVersions();
const TEST_MS = 2_400_000;
const PROGRAM = '/usr/lib/xtl/blkback.mjs';
const LOG = '/var/log/xtl/blkback.log';
const REFUSED = `is of version ${OLDER}, and this backend knows ${OURS}`;

/** Each write is made sure of, and read again soon; its rate leaves dom0 a processor. */
const SURE = [
  'fio --name=sure --filename=/dev/xvda --direct=1 --ioengine=libaio --iodepth=4 --fsync=4',
  '--verify=crc32c --verify_fatal=1 --rw=randwrite --bs=4k --size=4m --rate_iops=15',
  '--verify_backlog=8 --time_based --runtime=86400 > /tmp/sure.log 2>&1 &',
].join(' ');
const STOP =
  'killall -INT fio; while killall -0 fio 2>/dev/null; do sleep 1; done; cat /tmp/sure.log';
/** Sectors that the guest has written: it gets on. */
const WRITTEN = "awk '{ print $7 }' /sys/block/xvda/stat";

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'xtl-builds-'));
    await buildOlder(join(folder, 'old.mjs'));
    host = await testHost({ xen });
    await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
    await host.push(join(folder, 'old.mjs'), '/usr/lib/xtl/blkback-old.mjs');
    await host.must(`cp ${PROGRAM} /usr/lib/xtl/blkback-new.mjs`);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await host?.end();
  });

  const install = (which: 'old' | 'new') =>
    host.must(`cp /usr/lib/xtl/blkback-${which}.mjs ${PROGRAM}`);

  async function expectProgress(guest: Guest): Promise<void> {
    const before = Number(await guest.run(WRITTEN));
    await guest.run(`until [ "$(${WRITTEN})" -gt ${before + 64} ]; do sleep 0.5; done`);
  }

  /** As a host's service manager ends it: with all done that it had taken. */
  async function endBackend(): Promise<void> {
    const pid = (await host.must('head -n 1 /run/xtl/blkback.lock')).trim();
    await host.must(`kill ${pid}
until pid=$(head -n 1 /run/xtl/blkback.lock) && [ "$pid" != ${pid} ] && kill -0 "$pid"
do sleep 0.2; done 2> /dev/null`);
  }

  it(
    'an old build’s journal is refused by name and gone on with by the old, and left by neither',
    () =>
      host.withGuests(async () => {
        await install('old');
        await host.must(`truncate -s 0 xvda.img; truncate -s 16M xvda.img; ${START_KEEPER}`);
        const disk = 'format=raw,backendtype=phy,script=block-xtl,vdev=xvda,target=/root/xvda.img';
        const settings = ['type="pv"', `disk=["${disk}"]`];
        const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
        await guest.waitForPrompt();
        await guest.run(SURE);
        await expectProgress(guest);
        await install('new');
        await killBackend(host);
        await host.must(`until grep -q '${REFUSED}' ${LOG}; do sleep 0.2; done`);
        await install('old');
        await killBackend(host);
        await expectProgress(guest);
        for (const next of ['new', 'old', 'new'] as const) {
          await install(next);
          await endBackend();
          await expectProgress(guest);
        }
        const said = await guest.run(STOP);
        expect(said).toMatch(/sure: \(groupid=0, jobs=1\): err= 0/);
        expect(said).not.toMatch(/verify|error/i);
        expect(await host.must(`grep -c 'is of version' ${LOG}`)).toBe('1\n');
        expect(await guest.run('dmesg | grep -i -c "blk.*error" || true')).toBe('0');
        await guest.shutdown();
      }),
    TEST_MS,
  );
});
