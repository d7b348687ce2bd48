/** Media that change in a drive, while its guest runs and reads. */

import { expect, it } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import {
  type KeptDomain,
  newDiskState,
  planMedium,
  runPlan,
} from '../../shared/domain/build/index.ts';
import { configPath } from '../../shared/domain/build/userdata.ts';
import { must2 } from './build-bench.ts';
import { type DiskHost, diskHost } from './disk-host.ts';

const OF: KeptDomain = { domid: domid(1), uuid: '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a' };
const BACK = '/local/domain/0/backend/vbd/1/51744';
const DRIVE = 51744;

async function withDrive(medium = '/c.iso,raw'): Promise<DiskHost> {
  return diskHost(['/b.img,raw,xvda,w', `${medium},xvdc,cdrom`]);
}

/** The status of a read of one page, and the first byte of it. */
async function read({ sim, guest }: DiskHost, sector: number): Promise<readonly number[]> {
  const { front } = guest.disks.get(DRIVE)!;
  const status = await sim.run(front.ask('read', sector));
  return [status, front.data.region.bytes[0] as number];
}

const listed = async ({ xtl }: DiskHost) =>
  JSON.parse((await xtl('disk list web1 -o json')).stdout).find(
    ({ device }: { device: number }) => device === DRIVE,
  );

it('another medium is read behind the same rings, and a drive may be empty', async () => {
  const host = await withDrive();
  expect(await read(host, 1)).toEqual([0, 31]);
  expect(await host.xtl('disk insert web1 xvdc /a.img')).toMatchObject({
    exit: 0,
    stderr: expect.stringMatching(/\n\/a.img is in xvdc of 'web1'\n$/),
  });
  await host.sleep(500);
  expect(host.guest.disks.get(DRIVE)).toMatchObject({ capacity: 64, told: 2 });
  expect(await read(host, 1)).toEqual([0, 11]);
  expect(await host.xtl('cd-eject web1 xvdc -q')).toEqual({ exit: 0, stdout: '', stderr: '' });
  await host.sleep(500);
  expect(host.guest.disks.get(DRIVE)?.capacity).toBe(0);
  expect((await read(host, 1))[0]).toBe(-1);
  expect(await host.sim.run(host.guest.disks.get(DRIVE)!.front.ask('flush', 0))).toBe(0);
  expect(await listed(host)).toMatchObject({ target: null, format: 'empty', sizeBytes: 0 });
  expect(await host.xtl('cd-insert web1 xvdc /c.iso -q')).toMatchObject({ exit: 0 });
  expect(await read(host, 1)).toEqual([0, 31]);
  expect(await host.node(`${BACK}/refresh`)).toBeUndefined();
  expect(await host.node('/libxl/1/device/vbd/51744/params')).toBe('/c.iso');
});

it('what was asked of the old medium is answered from it', async () => {
  const host = await withDrive();
  const { front } = host.guest.disks.get(DRIVE)!;
  host.stall(true);
  const asked = front.ask('read', 2);
  const inserted = host.start('disk insert web1 xvdc /a.img -q');
  await host.sleep(1000);
  // The change waits for it, and all know the old one.
  expect(await host.node(`${BACK}/params`)).toBe('/a.img');
  expect(await host.node(`${BACK}/sectors`)).toBe('32');
  host.stall(false);
  expect(await host.sim.run(asked)).toBe(0);
  expect(front.data.region.bytes[0]).toBe(32);
  expect(await host.sim.run(inserted)).toMatchObject({ exit: 0 });
  expect(await read(host, 2)).toEqual([0, 12]);
});

it('the next start has the medium of now', async () => {
  const host = await withDrive();
  await host.xtl('disk eject web1 xvdc -q');
  const { spec } = JSON.parse((await host.xtl('vm show web1 -o json')).stdout);
  expect(spec.disks.map(({ target }: { target: string }) => target)).toEqual(['/b.img', '']);
  const [config] = [...host.written].filter(([path]) => path.endsWith('libxl-json'));
  const { disks } = JSON.parse(new TextDecoder().decode(config?.[1]).replace('\0', ''));
  expect(disks[1]).toMatchObject({ pdev_path: '', format: 'empty', vdev: 'xvdc', is_cdrom: 1 });
});

it.each([1, 2])(
  'a plan that was killed behind step %i is finished by the same command',
  async (count) => {
    const host = await withDrive();
    const { steps, name } = planMedium(OF, DRIVE, 'xvdc', '/a.img');
    const state = newDiskState(host.openHost());
    const part = { name, steps: steps.slice(0, count) };
    must2(await host.sim.run(runPlan(part, state, host.sim.dom0.clock)));
    expect(await host.xtl('disk insert web1 xvdc /a.img -q')).toMatchObject({
      exit: 0,
      stderr: '',
    });
    expect(await read(host, 1)).toEqual([0, 11]);
    expect(new TextDecoder().decode(host.written.get(configPath(OF)))).toContain('/a.img');
  },
);

it('params alone change the medium, as libxl writes them; those of a disk do not', async () => {
  const host = await withDrive();
  must(await host.sim.run(host.xenstore.write(`${BACK}/params`, '/a.img')));
  await host.sleep(1000);
  expect(await read(host, 1)).toEqual([0, 11]);
  const disk = BACK.replace('51744', '51712');
  must(await host.sim.run(host.xenstore.write(`${disk}/params`, '/a.img')));
  await host.sleep(500);
  expect(host.log.filter((line) => line.includes('only a drive'))).toHaveLength(1);
  expect(await host.node(`${disk.replace('/backend', '/error/backend')}/error`)).toContain(
    'only a drive',
  );
  expect(await host.sim.run(host.guest.disks.get(51712)!.front.ask('read', 1))).toBe(0);
  expect(host.guest.disks.get(51712)?.front.data.region.bytes[0]).toBe(21);
});

it('one that cannot be had is told, and the old one stays', async () => {
  const host = await withDrive();
  host.written.set('/broken', new Uint8Array(512));
  const ran = await host.xtl('disk insert web1 xvdc /broken -q');
  expect(ran).toMatchObject({ exit: 1, stderr: expect.stringContaining('cannot open /broken') });
  await host.sleep(1000);
  expect(await read(host, 1)).toEqual([0, 31]);
  expect(await listed(host)).toMatchObject({ target: '/c.iso', error: null });
  expect(await host.node(`${BACK}/refresh`)).toBeUndefined();
});

it.each([
  ['web1 xvda /a.img', 1, /xvda is no drive: its medium stays \[step check\]/],
  ['web1 xvdz /a.img', 3, /there is no xvdz \[step check\]/],
  ['web1 xvdc /gone.iso', 3, /\/gone.iso: no such file \[step check\]/],
  ['web1 xvdc a.iso', 2, /^xtl: 'a.iso': the target is no absolute path\n$/],
  ['web1 nonsense /a.img', 2, /^xtl: there is no virtual disk 'nonsense'/],
])('xtl disk insert %s is refused with %i', async (line, exit, stderr) => {
  const host = await withDrive();
  const ran = await host.xtl(`disk insert ${line} -q`);
  expect(ran.stderr).toMatch(stderr);
  expect(ran.exit).toBe(exit);
  expect(await read(host, 1)).toEqual([0, 31]);
});

it.each([
  ['physical-device', 'fe:0', 'is served by Linux’s xen-blkback'],
  ['none', '', 'has no back end of xtl’s'],
])('a drive of another back end is refused by name: %s', async (name, value, words) => {
  const host = await withDrive();
  host.killBackend();
  must(await host.sim.run(host.xenstore.rm(`${BACK}/feature-refresh`)));
  must(await host.sim.run(host.xenstore.write(`${BACK}/${name}`, value)));
  for (const line of ['insert web1 xvdc /a.img', 'eject web1 xvdc', 'resize web1 xvdc']) {
    const ran = await host.xtl(`disk ${line} -q`);
    expect(ran).toMatchObject({ exit: 1, stderr: expect.stringContaining(words) });
  }
});

it('a back end that is dead is told of; its successor has the old medium', async () => {
  const host = await withDrive();
  host.killBackend();
  const ran = await host.xtl('disk insert web1 xvdc /a.img -q');
  expect(ran).toMatchObject({ exit: 7, stderr: expect.stringContaining('does not answer') });
  host.startBackend();
  await host.sleep(500);
  expect(await read(host, 1)).toEqual([0, 31]);
  expect(await host.node(`${BACK}/refresh`)).toBeUndefined();
});

it.each([
  ['eject web1 xvdc', 0],
  ['insert web1 xvdc /a.img', 64],
])('a drive whose medium is gone at a start is served again after %s', async (line, sectors) => {
  const host = await withDrive();
  host.killBackend();
  host.written.delete('/c.iso');
  host.startBackend();
  await host.sleep(1000);
  expect((await listed(host)).error).toContain('cannot open /c.iso');
  const { front } = host.guest.disks.get(DRIVE)!;
  const asked = front.ask('read', 1);
  await host.sleep(1000);
  expect(await host.xtl(`disk ${line} -q`)).toMatchObject({ exit: 0, stderr: '' });
  expect(await host.sim.run(asked)).toBe(sectors === 0 ? -1 : 0);
  expect(await listed(host)).toMatchObject({ sizeBytes: sectors * 512, error: null });
});

it.each(Array.from({ length: 20 }, (_, i) => i))(
  'a back end that dies amid a change is followed by one with the new medium, after %i x 6 ms',
  async (i) => {
    const host = await withDrive();
    const { front } = host.guest.disks.get(DRIVE)!;
    // Amid it in every second case: then the successor begins it anew.
    host.stall(i % 2 === 1);
    const asked = front.ask('read', 2);
    const inserted = host.start('disk insert web1 xvdc /a.img -q');
    await host.sleep(6 * i);
    host.killBackend();
    host.stall(false);
    host.startBackend();
    expect(await host.sim.run(inserted)).toMatchObject({ exit: 0, stderr: '' });
    // Whichever it was in then: it is answered, and from one of the two.
    expect(await host.sim.run(asked)).toBe(0);
    expect([12, 32]).toContain(front.data.region.bytes[0]);
    await host.sleep(1000);
    expect(await read(host, 1)).toEqual([0, 11]);
    expect(await host.node(`${BACK}/refresh`)).toBeUndefined();
    expect(await host.node(`${BACK}/sectors`)).toBe('64');
  },
);
