// A slow disk under our backend, which is killed while writes are under way in it: the next one
// does nothing before the last of them has ended, so that no old write comes after a newer one.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killBackend, START_KEEPER } from './backend.ts';
import { xensHere } from './extent.ts';
import type { LabHost } from './host.ts';
import { repoRoot } from './paths.ts';
import { testHost } from './test-host.ts';

const DEATHS = 3;
const KIB = 16_384;
/** Of each write: longer than another backend needs to start. */
const DELAY_MS = 30_000;
const TEST_MS = 2_400_000;

/**
 * Reads are quick. The kernel counts what is under way in a delayed disk when its time is over, and
 * in one that lies on it, dm-1, at once. dmsetup makes their nodes: there is no udev.
 */
const SLOW = `modprobe brd rd_nr=1 rd_size=${KIB}
modprobe dm-delay
export DM_DISABLE_UDEV=1
echo "0 ${2 * KIB} delay /dev/ram0 0 0 /dev/ram0 0 ${DELAY_MS}" | dmsetup create delayed &&
echo "0 ${2 * KIB} linear /dev/mapper/delayed 0" | dmsetup create slow`;

/** The same few blocks again and again, each read again at once, until it is told to end. */
const SURE = [
  'fio --name=sure --filename=/dev/xvda --direct=1 --ioengine=libaio --iodepth=8',
  '--verify=crc32c --verify_fatal=1 --rw=randwrite --bs=4k --size=64k --verify_backlog=8',
  '--time_based --runtime=86400 > /tmp/sure.log 2>&1 &',
].join(' ');
const STOP =
  'killall -INT fio; while killall -0 fio 2>/dev/null; do sleep 1; done; cat /tmp/sure.log';

/** Until writes are under way that have just begun, and are none of a backend that is dead. */
const UNDER_WAY = `writes() { read -r _ count < /sys/block/dm-1/inflight; echo "$count"; }
until [ "$(writes)" -lt 4 ]; do sleep 0.1; done
until [ "$(writes)" -ge 4 ]; do sleep 0.1; done`;

/** How often a backend has found the disk in use by the one before it. */
const HELD = 'grep -c "/dev/mapper/slow is in use" /var/log/xtl/blkback.log || true';

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen, image: 'tools' });
    await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
    await host.must(START_KEEPER);
  });
  afterAll(() => host?.end());

  it(
    `${DEATHS} deaths with writes under way: the next backend waits for them, and all is right`,
    () =>
      host.withGuests(async () => {
        await host.must(`dmsetup status slow || { ${SLOW}; }`);
        const disk = 'format=raw,backendtype=phy,script=block-xtl,vdev=xvda';
        const guest = await host.bootGuest('full', {
          ...{ by: 'xl', console: 'xl' },
          settings: ['type="pv"', `disk=["${disk},target=/dev/mapper/slow"]`],
        });
        await guest.waitForPrompt();
        await guest.run(SURE);
        for (let death = 1; death <= DEATHS; death++) {
          await host.must(UNDER_WAY);
          const before = Number(await host.must(HELD));
          await killBackend(host);
          // Told once by each backend that waits.
          await host.must(`until [ "$(${HELD})" -gt ${before} ]; do sleep 0.2; done`);
        }
        const said = await guest.run(STOP, TEST_MS);
        expect(said).toMatch(/sure: \(groupid=0, jobs=1\): err= 0/);
        expect(said).not.toMatch(/verify|error/i);
        expect(await guest.run('dmesg | grep -i -c "blk.*error" || true')).toBe('0');
        await guest.shutdown();
      }),
    TEST_MS,
  );
});
