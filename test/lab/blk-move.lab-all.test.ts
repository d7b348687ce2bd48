// A disk in use goes from the kernel's back end to ours and back, and its guest sees a pause.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killBackend, pushKernelScript, START_KEEPER } from './backend.ts';
import { xensHere } from './extent.ts';
import type { Guest, LabHost } from './host.ts';
import { repoRoot } from './paths.ts';
import { testHost } from './test-host.ts';

const FRONT = '/local/domain/$ID/device/vbd/51712/state';
const TEST_MS = 2_400_000;

/** Until it is told to end: each write is read again soon. Its rate leaves dom0 a processor. */
const SURE = [
  'fio --name=sure --filename=/dev/xvda --direct=1 --ioengine=libaio --iodepth=4',
  '--verify=crc32c --verify_fatal=1 --rw=randwrite --bsrange=4k-64k --blockalign=4k --size=16m',
  '--rate_iops=15 --verify_backlog=8 --time_based --runtime=86400 > /tmp/sure.log 2>&1 &',
].join(' ');
const STOP =
  'killall -INT fio; while killall -0 fio 2>/dev/null; do sleep 1; done; cat /tmp/sure.log';

/** What its frontend's state was and became, a line each. */
const FOLLOW = `rm -f /tmp/states; ID=$(xl domid full)
(setsid sh -c "xenstore-watch ${FRONT} | while read -r _; do xenstore-read ${FRONT}; done" \\
  > /tmp/states 2>&1 < /dev/null &)
until [ -s /tmp/states ]; do sleep 0.2; done`;

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  let script: string;
  beforeAll(async () => {
    host = await testHost({ xen });
    await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
    script = await pushKernelScript(host);
    await host.must('modprobe brd rd_nr=1 rd_size=32768; modprobe xen-blkback');
    await host.must(START_KEEPER);
  });
  afterAll(() => host?.end());

  async function boot(): Promise<Guest> {
    const disk = `format=raw,backendtype=phy,script=${script},vdev=xvda,target=/dev/ram0`;
    const settings = ['type="pv"', 'vcpus=2', `disk=["${disk}"]`];
    const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
    await guest.waitForPrompt();
    return guest;
  }

  async function moveTo(server: 'xtl' | 'kernel'): Promise<void> {
    await host.must(`xtl disk move full xvda --to ${server} -q`);
    const listed = JSON.parse(await host.must('xtl disk list full -o json')) as object[];
    expect(listed).toMatchObject([
      { server: server === 'xtl' ? 'xtl' : 'Linux', backendState: 'Connected', error: null },
    ]);
    await host.must('sleep 3');
  }

  it(
    'the kernel’s disk is ours and the kernel’s again, under load, and nobody notices',
    () =>
      host.withGuests(async () => {
        const guest = await boot();
        await host.must(FOLLOW);
        await guest.run(SURE);
        await moveTo('xtl');
        await killBackend(host);
        await moveTo('kernel');
        const said = await guest.run(STOP);
        expect(said).toMatch(/sure: \(groupid=0, jobs=1\): err= 0/);
        expect(said).not.toMatch(/verify|error/i);
        expect(await guest.run('dmesg | grep -i -c "blk.*error" || true')).toBe('0');
        expect(new Set((await host.must('cat /tmp/states')).trim().split('\n'))).toEqual(
          new Set(['4']),
        );
        await guest.shutdown();
      }),
    TEST_MS,
  );
});
