// Guests of a real Xen on disks of our block backend, as a process of dom0.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { xensHere } from './extent.ts';
import type { Guest, LabHost } from './host.ts';
import { repoRoot } from './paths.ts';
import { testHost } from './test-host.ts';

const IMAGE = '/root/disk.img';
const MIB = 64;
const BLKBACK = '/usr/lib/xtl/blkback';
/** The one that runs. */
const ITS_PID = 'head -n 1 /run/xtl/blkback.lock';

/** Writes noise to the disk, and reads it back from there. */
async function exercise(guest: Guest, mib: number): Promise<void> {
  await guest.run(`dd if=/dev/urandom of=/tmp/noise bs=1M count=${mib} 2>/dev/null`);
  await guest.run('dd if=/tmp/noise of=/dev/xvda bs=256k conv=fsync 2>/dev/null');
  await guest.run('echo 3 > /proc/sys/vm/drop_caches');
  const sums = await guest.run(
    `md5sum < /tmp/noise; dd if=/dev/xvda bs=64k count=${mib * 16} 2>/dev/null | md5sum`,
  );
  const [written, read] = sums.split('\n').map((line) => line.trim());
  expect(read).toBe(written);
}

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen });
    await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
    await host.must(`truncate -s ${MIB}M ${IMAGE}`);
  });
  afterAll(() => host?.end());

  it('a guest of xtl writes to a disk and reads it back, and the backend may die meanwhile', () =>
    host.withGuests(async () => {
      const settings = [`disk=["${IMAGE},raw,xvda,w"]`];
      const guest = await host.bootGuest('full', { settings });
      await guest.waitForPrompt();
      expect(await guest.run('cat /sys/block/xvda/size')).toBe(String(MIB * 2048));
      await exercise(guest, 4);
      const pid = (await host.must(ITS_PID)).trim();
      await host.must(`kill -9 ${pid}; (setsid ${BLKBACK} >/dev/null 2>&1 </dev/null &)`);
      await exercise(guest, 4);
      expect((await host.must(ITS_PID)).trim()).not.toBe(pid);
      expect(await guest.run('dmesg | grep -i -c "xvda.*error\\|blkfront.*error" || true')).toBe(
        '0',
      );
      await guest.shutdown();
    }));

  it('a guest of xl, too', () =>
    host.withGuests(async () => {
      const spec = `format=raw,backendtype=phy,script=block-xtl,vdev=xvda,target=${IMAGE}`;
      const settings = ['type="pv"', `disk=["${spec}"]`];
      const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
      await guest.waitForPrompt();
      await exercise(guest, 4);
      await guest.shutdown();
    }));
});
