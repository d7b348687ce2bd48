// dom0's disk: one that keeps what is written, and the images' own, which does not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { xensHere } from './extent.ts';
import type { LabHost } from './host.ts';
import { testHost } from './test-host.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'xtl-disk-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const on = async (disk: string | undefined, steps: (host: LabHost) => Promise<void>) => {
  const [xen = '4.20'] = xensHere;
  const host = await testHost({ xen, ...(disk !== undefined && { disk }) });
  await steps(host).finally(() => host.end());
};

const FILES = 'cat /root/written /root/synced; xenstore-exists /written; echo $?';

it('a disk of its own keeps what was written over a reboot and a power cut', () =>
  on(join(dir, 'disk'), async (host) => {
    await host.must('echo written > /root/written; xenstore-write /written 1');
    await host.restart('reboot');
    await host.must('echo synced > /root/synced; sync; xenstore-write /written 1');
    await host.restart('power cut');
    expect(await host.must(FILES)).toBe('written\nsynced\n1\n');
  }));

it('a host of its own later has it still, and Xen and dom0 are new', () =>
  on(join(dir, 'disk'), async (host) => {
    expect(await host.must(FILES)).toBe('written\nsynced\n1\n');
  }));

it('the images’ own disk is what it was', () =>
  on(undefined, async (host) => {
    await host.must('echo written > /root/written; sync');
    await host.restart('reboot');
    expect((await host.run('cat /root/written')).code).toBe(1);
  }));
