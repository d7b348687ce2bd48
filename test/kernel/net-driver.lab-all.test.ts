// A guest of a real Xen whose network a driver domain serves, whose own network dom0 serves.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relink } from '../../deploy/relink/relink.ts';
import { xensHere } from '../lab/extent.ts';
import type { Guest, LabHost } from '../lab/host.ts';
import { repoRoot } from '../lab/paths.ts';
import { testHost } from '../lab/test-host.ts';

const DRIVER = [
  ...['name="driver"', 'type="pvh"', 'kernel="/root/netback.xen"', 'memory=16', 'vcpus=1'],
  ...['driver_domain=1', 'vif=["bridge=br0,mac=00:16:3e:00:00:07"]', ''],
];
const SETTINGS = ['vif=["backend=driver,mac=00:16:3e:00:00:08"]'];

/** A bridge of dom0's, the kernel's netback, and the keeper, which runs a script for xl. */
const PREPARE = `modprobe bridge && modprobe xen-netback
ip link add br0 type bridge && ip addr add 192.168.99.1/24 dev br0 && ip link set br0 up
(setsid /usr/lib/xtl/keeper >/dev/null 2>&1 </dev/null &)
until [ -s /run/xtl/keeper.lock ]; do sleep 0.2; done`;

const BYTES = 1 << 19;

/** Bytes from dom0 to the guest, and back: large frames, whose checksums nobody has completed. */
async function carries(host: LabHost, guest: Guest): Promise<void> {
  // busybox's nc ends with the first end of either: who only receives keeps its input open.
  await host.must(`head -c ${BYTES} /dev/urandom >down; (nc -l -p 5001 <down >/dev/null 2>&1 &)
(sleep 900 | nc -l -p 5002 >up 2>/dev/null &)
sleep 1`);
  await guest.run('(sleep 900 | nc 192.168.99.1 5001 >/got) & sleep 1');
  await guest.run(`until [ $(stat -c %s /got) = ${BYTES} ]; do sleep 0.2; done`);
  const sums = await host.must('md5sum <down');
  expect(await guest.run('md5sum </got')).toContain(sums.trim());
  await guest.run('nc 192.168.99.1 5002 </got & sleep 1');
  await host.must(`until [ $(stat -c %s up) = ${BYTES} ]; do sleep 0.2; done`);
  expect(await host.must('md5sum <up')).toBe(sums);
}

describe.each(xensHere)('a driver domain on Xen %s', (xen) => {
  let host: LabHost;
  let out: string;
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'xtl-net-driver-'));
    host = await testHost({ xen });
    const { image, imageBytes } = await relink({ root: repoRoot, service: 'netback', out });
    expect(imageBytes).toBeLessThan(900 << 10);
    await host.push(image, '/root/netback.xen');
    await host.must('cat > driver.cfg', { input: DRIVER.join('\n') });
    await host.must(PREPARE);
  });
  afterAll(async () => {
    rmSync(out, { recursive: true });
    await host?.end();
  });

  it('passes frames between a guest and a bridge of dom0’s', () =>
    host.withGuests(async () => {
      await host.must('xtl vm create -q driver.cfg');
      const guest = await host.bootGuest('full', { settings: SETTINGS });
      await guest.waitForPrompt();
      await guest.run('ip addr add 192.168.99.2/24 dev eth0; ip link set eth0 up');
      expect(await guest.run('ping -c 3 -W 30 192.168.99.1')).toContain(' 0% packet loss');
      await carries(host, guest);
      await guest.shutdown();
    }));
});
