// Guests of a real Xen on disks of our block backend, as a process of dom0.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAll, xensHere } from './extent.ts';
import type { Guest, LabHost } from './host.ts';
import { repoRoot } from './paths.ts';
import { testHost } from './test-host.ts';

const IMAGE = '/root/disk.img';
const MIB = 64;
const BLKBACK = '/usr/lib/xtl/blkback';
/** The one that runs. */
const ITS_PID = 'head -n 1 /run/xtl/blkback.lock';

/** Starts one, and waits until another one than `old` has signed: one that was killed had, too. */
const startAfter = (old: string): string => `(setsid ${BLKBACK} >/dev/null 2>&1 </dev/null &)
for i in {1..200}; do
  pid=$(${ITS_PID} 2>/dev/null)
  [ "$pid" != '${old}' ] && kill -0 "$pid" 2>/dev/null && break
  sleep 0.2
done
${ITS_PID}`;

/** Kills the backend, whose guest does not notice, and starts another one. */
async function dieAndReturn(host: LabHost): Promise<void> {
  const pid = (await host.must(ITS_PID)).trim();
  const next = await host.must(`kill -9 ${pid}\n${startAfter(pid)}`);
  expect(next.trim()).not.toBe(pid);
}

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

  it('a guest of xl writes to a disk and reads it back, and the backend may die meanwhile', () =>
    host.withGuests(async () => {
      await host.must(startAfter(''));
      const spec = `format=raw,backendtype=phy,script=block-xtl,vdev=xvda,target=${IMAGE}`;
      const settings = ['type="pv"', `disk=["${spec}"]`];
      const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
      await guest.waitForPrompt();
      expect(await guest.run('cat /sys/block/xvda/size')).toBe(String(MIB * 2048));
      await exercise(guest, 4);
      await dieAndReturn(host);
      await exercise(guest, 4);
      expect(await guest.run('dmesg | grep -i -c "blk.*error" || true')).toBe('0');
      await guest.shutdown();
    }));

  // The emulator kills a PVH guest with a disk in about every third boot.
  if (isAll) {
    it('a guest of xtl, too, which starts the backend', () =>
      host.withGuests(async () => {
        await host.must(`kill $(${ITS_PID}) 2>/dev/null; sleep 1`);
        const guest = await host.bootGuest('full', { settings: [`disk=["${IMAGE},raw,xvda,w"]`] });
        await guest.waitForPrompt();
        await exercise(guest, 4);
        await dieAndReturn(host);
        await exercise(guest, 4);
        await guest.shutdown();
      }));
  }
});
