/**
 * `blk`: disks of one guest on RAM disks of dom0, behind our block backend as a process, behind
 * Linux's, and behind ours as a driver domain; fio asks them alternately.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { relink } from '../../deploy/relink/relink.ts';
import { pushKernelScript, START_KEEPER } from '../lab/backend.ts';
import { type Guest, type LabHost, labHost } from '../lab/host.ts';
import { repoRoot } from '../lab/paths.ts';
import { median, type Report, type Row } from './rows.ts';

const XEN = '4.17';
const ROUNDS = 3;
const SECONDS = 4;
const RAM_MIB = 64;

/** Who serves which of the guest's disks. */
const DISKS = { ours: 'xvda', blkback: 'xvdb', stubdom: 'xvdc' } as const;
type Peer = keyof typeof DISKS;

interface Job {
  readonly row: string;
  readonly unit: 'IOPS' | 'MiB/s';
  readonly options: string;
}

const job = (row: string, rw: string, bs: string, depth: number, more = ''): Job => ({
  ...{ row, unit: bs === '1m' ? 'MiB/s' : 'IOPS' },
  options: `--rw=${rw} --bs=${bs} --iodepth=${depth} ${more}`.trim(),
});

const JOBS: readonly Job[] = [
  job('randread-4k-1', 'randread', '4k', 1),
  job('randwrite-4k-1', 'randwrite', '4k', 1),
  job('randread-4k-32', 'randread', '4k', 32),
  job('randwrite-4k-32', 'randwrite', '4k', 32),
  job('read-1m', 'read', '1m', 4),
  job('write-1m', 'write', '1m', 4),
  job('fsync-4k', 'randwrite', '4k', 1, '--fsync=1'),
];

/** Of fio's terse lines, version 3 (fio's HOWTO): bandwidth in KiB/s and IOPS, read and written. */
const FIELDS = { 'MiB/s': [7, 48], IOPS: [8, 49] } as const;

async function measure(guest: Guest, peer: Peer, { unit, options }: Job): Promise<number> {
  const common = `--name=x --filename=/dev/${DISKS[peer]} --direct=1 --ioengine=libaio`;
  const time = `--runtime=${SECONDS} --time_based --output-format=terse --terse-version=3`;
  const fields = FIELDS[unit].join(',');
  const text = await guest.run(`fio ${common} ${time} ${options} | cut -d';' -f${fields}`);
  const [read = 0, written = 0] = text.split(';').map(Number);
  const value = read + written;
  if (!(value > 0)) throw new Error(`fio ${options} said ${text}`);
  return unit === 'MiB/s' ? value / 1024 : value;
}

const KEEPER = `${START_KEEPER}
until [ "$(cat /sys/bus/xen-backend/drivers_autoprobe)" = 0 ]; do sleep 0.2; done`;

const DRIVER = [
  ...['name="driver"', 'type="pvh"', 'kernel="/root/blkback.xen"', 'memory=16', 'vcpus=1'],
  ...['driver_domain=1', 'disk=["/dev/ram2,raw,xvda,w"]', ''],
];

/** One guest with a disk of each. */
async function bringUp(host: LabHost, image: string): Promise<Guest> {
  await host.push(join(repoRoot, 'deploy/xen/block-xtl'), '/etc/xen/scripts/block-xtl');
  await host.push(image, '/root/blkback.xen');
  await host.must(`modprobe brd rd_nr=3 rd_size=${RAM_MIB * 1024}\n${KEEPER}`);
  const script = await pushKernelScript(host);
  await host.must('cat > driver.cfg', { input: DRIVER.join('\n') });
  await host.must('xtl vm create -q driver.cfg');
  const ours = 'format=raw,backendtype=phy,script=block-xtl';
  const disks = [
    `"${ours},vdev=${DISKS.ours},target=/dev/ram0"`,
    `"format=raw,backendtype=phy,script=${script},vdev=${DISKS.blkback},target=/dev/ram1"`,
    `"format=raw,backendtype=phy,backend=driver,vdev=${DISKS.stubdom},target=xvda"`,
  ];
  const settings = ['type="pv"', `disk=[${disks.join(',')}]`];
  const guest = await host.bootGuest('full', { settings, by: 'xl', console: 'xl' });
  await guest.waitForPrompt();
  return guest;
}

export async function benchBlk(): Promise<Report> {
  const out = mkdtempSync(join(tmpdir(), 'xtl-bench-'));
  const host = await labHost({ xen: XEN, cpus: 1 });
  try {
    const { image } = await relink({ root: repoRoot, service: 'blkback', out });
    const guest = await host.withGuests(() => bringUp(host, image));
    const rows: Row[] = [];
    for (const each of JOBS) {
      const samples: Record<Peer, number[]> = { ours: [], blkback: [], stubdom: [] };
      for (let round = 0; round < ROUNDS; round++) {
        for (const peer of Object.keys(DISKS) as Peer[]) {
          samples[peer].push(await measure(guest, peer, each));
        }
      }
      const { ours, blkback, stubdom } = samples;
      const peers = { blkback: median(blkback), stubdom: median(stubdom) };
      const { row, unit } = each;
      rows.push({ row, unit, better: 'higher', ours: median(ours), peers, runs: ROUNDS });
    }
    return { bench: 'blk', rows };
  } finally {
    await host.end();
    rmSync(out, { recursive: true });
  }
}
