// Guests of a real Xen on disks of our block backend, as a process of dom0.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killBackend, START_KEEPER } from './backend.ts';
import { isAll, xensHere } from './extent.ts';
import type { Guest, LabHost } from './host.ts';
import { repoRoot } from './paths.ts';
import { testHost } from './test-host.ts';

const IMAGE = '/root/disk.img';
const MIB = 64;

/** Writes noise to the disk, and reads it back from there. */
async function exercise(guest: Guest, mib: number, disk = 'xvda'): Promise<void> {
  await guest.run(`dd if=/dev/urandom of=/tmp/noise bs=1M count=${mib} 2>/dev/null`);
  await guest.run(`dd if=/tmp/noise of=/dev/${disk} bs=256k conv=fsync 2>/dev/null`);
  await guest.run('echo 3 > /proc/sys/vm/drop_caches');
  const sums = await guest.run(
    `md5sum < /tmp/noise; dd if=/dev/${disk} bs=64k count=${mib * 16} 2>/dev/null | md5sum`,
  );
  const [written, read] = sums.split('\n').map((line) => line.trim());
  expect(read).toBe(written);
}

const sizeOf = (disk: string): string => `cat /sys/block/${disk}/size`;
const FIRST = 'echo 3 > /proc/sys/vm/drop_caches; head -c 8 /dev/xvdc';

/** What an administrator does to disks of a guest that runs. */
async function changeDisks(host: LabHost, guest: Guest): Promise<void> {
  await host.must(`truncate -s 16M b.img
for i in 1 2; do yes medium-$i | head -c 1048576 > cd$i.iso; done`);
  await host.must(`xtl disk attach -q ${guest.name} /root/b.img,raw,xvdb,w`);
  expect(await guest.run(sizeOf('xvdb'))).toBe(String(16 * 2048));
  await exercise(guest, 4, 'xvdb');
  await host.must(`xtl disk resize -q ${guest.name} xvdb +16M`);
  expect(await guest.run(sizeOf('xvdb'))).toBe(String(32 * 2048));
  await host.must(`xtl disk attach -q ${guest.name} vdev=xvdc cdrom target=/root/cd1.iso`);
  expect(await guest.run(FIRST)).toBe('medium-1');
  await host.must(`xtl disk insert -q ${guest.name} xvdc /root/cd2.iso`);
  expect(await guest.run(FIRST)).toBe('medium-2');
  await host.must(`xtl disk eject -q ${guest.name} xvdc`);
  expect(await guest.run(sizeOf('xvdc'))).toBe('0');
  const [xvda, xvdb] = JSON.parse(await host.must(`xtl disk list ${guest.name} --stats -o json`));
  expect([xvda.vdev, xvdb.vdev, xvdb.sizeBytes]).toEqual(['xvda', 'xvdb', 32 << 20]);
  expect(xvdb.stats.write.bytes).toBeGreaterThanOrEqual(4 << 20);
  await host.must(`xtl disk detach -q ${guest.name} xvdb`);
  expect(await guest.run('ls /sys/block')).not.toContain('xvdb');
}

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen });
    await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
    await host.must(`truncate -s ${MIB}M ${IMAGE}`);
  });
  afterAll(() => host?.end());

  it('a guest of xl writes to a disk and reads it back, and the backend may die meanwhile', () =>
    host.withGuests(async () => {
      await host.must(START_KEEPER);
      const spec = `format=raw,backendtype=phy,script=block-xtl,vdev=xvda,target=${IMAGE}`;
      const settings = ['type="pv"', `disk=["${spec}"]`];
      const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
      await guest.waitForPrompt();
      expect(await guest.run('cat /sys/block/xvda/size')).toBe(String(MIB * 2048));
      await exercise(guest, 4);
      await killBackend(host);
      await exercise(guest, 4);
      if (isAll) await changeDisks(host, guest);
      expect(await guest.run('dmesg | grep -i -c "blk.*error" || true')).toBe('0');
      await guest.shutdown();
    }));

  // The emulator kills a PVH guest with a disk in about every third boot.
  if (isAll) {
    it('a guest of xtl, too, which starts the backend', () =>
      host.withGuests(async () => {
        await host.must('kill $(head -n 1 /run/xtl/keeper.lock); sleep 1');
        const guest = await host.bootGuest('full', { settings: [`disk=["${IMAGE},raw,xvda,w"]`] });
        await guest.waitForPrompt();
        await exercise(guest, 4);
        await killBackend(host);
        await exercise(guest, 4);
        await guest.shutdown();
      }));
  }
});
