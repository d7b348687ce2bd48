// A guest of a real Xen whose disk a driver domain serves, that dies and comes again.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relink } from '../../deploy/relink/relink.ts';
import { xensHere } from '../lab/extent.ts';
import type { Guest, LabHost } from '../lab/host.ts';
import { repoRoot } from '../lab/paths.ts';
import { testHost } from '../lab/test-host.ts';
import { putGpt } from '../sim/blk/gpt-bytes.ts';

const MIB = 64;
const IMAGE = '/root/driver.img';
const PART = { name: 'guest', first: 2048, last: 2048 * 33 - 1 };
const DEATHS = 10;

const DRIVER = [
  ...['name="driver"', 'type="pvh"', 'kernel="/root/blkback.xen"', 'memory=16', 'vcpus=1'],
  ...['driver_domain=1', `disk=["${IMAGE},raw,xvda,w"]`, ''],
];

/** Crashes the driver domain, and waits until it is there again under its number. */
const CRASH = `id=$(xl domid driver)
xl trigger driver nmi
for i in {1..300}; do
  xl list driver 2>/dev/null | grep -q -- '--c-' || break
  sleep 0.1
done
for i in {1..300}; do
  [ "$(xl domid driver 2>/dev/null)" = $id ] && xenstore-exists /local/domain/$id/data && break
  sleep 0.1
done
xl domid driver`;

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

describe.each(xensHere)('a driver domain on Xen %s', (xen) => {
  let host: LabHost;
  let out: string;
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'xtl-driver-'));
    host = await testHost({ xen });
    await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
    const { image } = await relink({ root: repoRoot, service: 'blkback', out });
    await host.push(image, '/root/blkback.xen');
    const disk = new Uint8Array(MIB << 20);
    putGpt(disk, { partitions: [PART] });
    writeFileSync(join(out, 'disk'), disk);
    await host.push(join(out, 'disk'), IMAGE);
    await host.must('cat > driver.cfg', { input: DRIVER.join('\n') });
  });
  afterAll(async () => {
    rmSync(out, { recursive: true });
    await host?.end();
  });

  it('serves a partition of its disk, and its deaths are not noticed', () =>
    host.withGuests(async () => {
      await host.must('xtl vm create -q driver.cfg');
      const spec = 'format=raw,backendtype=phy,backend=driver,vdev=xvda,target=xvda:guest';
      const settings = ['type="pv"', `disk=["${spec}"]`];
      const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
      await guest.waitForPrompt();
      expect(await guest.run('cat /sys/block/xvda/size')).toBe(String(PART.last - PART.first + 1));
      await exercise(guest, 4);
      for (let death = 0; death < DEATHS; death++) {
        const domid = await host.must('xl domid driver');
        expect(await host.must(CRASH)).toBe(domid);
        await exercise(guest, 1);
      }
      expect(await guest.run('dmesg | grep -i -c "blk.*error" || true')).toBe('0');
      await guest.shutdown();
    }));
});
