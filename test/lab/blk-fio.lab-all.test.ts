// Two disks of our block backend under fio, which checks what it reads; and 50 deaths under fsync.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prng } from '../../shared/core/prng.ts';
import { killBackend, START_KEEPER } from './backend.ts';
import { xensHere } from './extent.ts';
import type { Guest, LabHost } from './host.ts';
import { repoRoot } from './paths.ts';
import { testHost } from './test-host.ts';

const MIB = 64;
const VCPUS = 4;
const DISKS = ['xvda', 'xvdb'] as const;
const DEATHS = 50;
const FIO_MS = 600_000;
/** A start of the backend takes ten seconds where the emulator is slow. */
const DEATHS_MS = 1_800_000;

/** Small and large, in order and not. */
const JOBS = [
  '--rw=randwrite --bs=4k --size=4m',
  '--rw=write --bs=64k --size=16m',
  '--rw=randwrite --bsrange=4k-1m --blockalign=4k --size=32m',
  '--rw=write --bs=1m --size=48m',
] as const;

const COMMON = '--direct=1 --ioengine=libaio --verify=crc32c --verify_fatal=1';

/** On both disks at once, each with all that depth. */
function verified(job: string): string {
  const each = DISKS.map((disk) => `--name=${disk} --filename=/dev/${disk}`).join(' ');
  const fio = `fio ${COMMON} ${job} --iodepth=32 ${each}`;
  return `${fio} > /tmp/fio.log 2>&1 || { cat /tmp/fio.log; false; }`;
}

/** Until it is told to end: each write is made sure of, and read again soon. */
const SURE = [
  `fio --name=sure --filename=/dev/xvda ${COMMON} --rw=randwrite --bs=4k --size=8m --fsync=1`,
  '--verify_backlog=16 --time_based --runtime=86400 > /tmp/sure.log 2>&1 &',
].join(' ');
const STOP =
  'killall -INT fio; while killall -0 fio 2>/dev/null; do sleep 1; done; cat /tmp/sure.log';

describe.each(xensHere)('on Xen %s', (xen) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await testHost({ xen });
    await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
  });
  afterAll(() => host?.end());

  async function boot(): Promise<Guest> {
    await host.must(`truncate -s 0 xvda.img xvdb.img; truncate -s ${MIB}M xvda.img xvdb.img`);
    await host.must(START_KEEPER);
    const disks = DISKS.map(
      (disk) =>
        `"format=raw,backendtype=phy,script=block-xtl,vdev=${disk},target=/root/${disk}.img"`,
    );
    const settings = ['type="pv"', `vcpus=${VCPUS}`, `disk=[${disks.join(',')}]`];
    const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
    await guest.waitForPrompt();
    return guest;
  }

  it('fio reads what it has written, on two disks of four queues, small and large', () =>
    host.withGuests(async () => {
      const guest = await boot();
      for (const disk of DISKS) {
        expect(await guest.run(`ls /sys/block/${disk}/mq | wc -l`)).toBe(String(VCPUS));
      }
      for (const job of JOBS) await guest.run(verified(job), FIO_MS);
      expect(await guest.run('dmesg | grep -i -c "blk.*error" || true')).toBe('0');
      await guest.shutdown();
    }));

  it(
    `${DEATHS} deaths of the backend under fsync lose nothing, and nobody notices`,
    () =>
      host.withGuests(async () => {
        const guest = await boot();
        const random = prng(11);
        await guest.run(SURE);
        for (let i = 0; i < DEATHS; i++) {
          // Soon after it has begun, or in the midst of its work.
          await host.must(`sleep ${random.below(40) / 10}`);
          await killBackend(host);
        }
        await host.must('sleep 15');
        const said = await guest.run(STOP, FIO_MS);
        expect(said).toMatch(/sure: \(groupid=0, jobs=1\): err= 0/);
        expect(said).not.toMatch(/verify|error/i);
        expect(await guest.run('dmesg | grep -i -c "blk.*error" || true')).toBe('0');
        await guest.shutdown();
      }),
    DEATHS_MS,
  );
});
