/** Disks that are taken from a VM that runs. */

import { describe, expect, it } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import {
  type KeptDomain,
  newDiskState,
  planDetach,
  runPlan,
} from '../../shared/domain/build/index.ts';
import { must2 } from './build-bench.ts';
import { type DiskHost, diskHost } from './disk-host.ts';
import { storeTree } from './store-tree.ts';

const OF: KeptDomain = { domid: domid(1), uuid: '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a' };
const BACK = '/local/domain/0/backend/vbd/1/51728';

/** With xvdb, which the guest has, and what the store was before. */
async function withDisk(): Promise<DiskHost & { readonly before: string[] }> {
  const host = await diskHost();
  const before = await storeTree(host);
  expect(await host.xtl('disk attach web1 /a.img,raw,xvdb,w -q')).toMatchObject({ exit: 0 });
  await host.sleep(500);
  return { ...host, before };
}

const vdevs = async ({ xtl }: DiskHost): Promise<string[]> =>
  JSON.parse((await xtl('disk list web1 -o json')).stdout).map(
    (disk: { vdev: string }) => disk.vdev,
  );

it.each(['disk detach web1 xvdb', 'block-detach 1 51728', 'block-detach web1 d1p0 -f'])(
  'xtl %s leaves nothing of it',
  async (line) => {
    const host = await withDisk();
    const ran = await host.xtl(line);
    expect(ran).toMatchObject({ exit: 0, stdout: '' });
    expect(ran.stderr).toMatch(/\S+ is detached from 'web1'\n$/);
    await host.sleep(1000);
    expect(await storeTree(host)).toEqual(host.before);
    expect([...host.guest.disks.keys()]).toEqual([]);
    expect([...host.journals.keys()]).toEqual([]);
    expect(host.log.at(-1)).toBe(`${BACK}: gone`);
    for (const [path, bytes] of host.written) {
      if (path.includes('userdata')) expect(new TextDecoder().decode(bytes)).not.toContain('a.img');
    }
    // Its number is free again, and its image, too.
    expect(await host.xtl('disk attach web1 /a.img,raw,xvdb,w -q')).toMatchObject({ exit: 0 });
  },
);

it('what the guest was doing with it ends first', async () => {
  const host = await withDisk();
  const { front } = host.guest.disks.get(51728)!;
  front.data.region.bytes.fill(0x77);
  const asked = host.sim.run(front.ask('write', 5));
  expect(await host.xtl('disk detach web1 xvdb -q')).toMatchObject({ exit: 0 });
  expect(await asked).toBe(0);
  expect(host.images.get('/a.img')?.[5 * 512]).toBe(0x77);
});

it('a guest that holds it is told of, and may let go later', async () => {
  const host = await withDisk();
  host.guest.isHolding = true;
  const ran = await host.xtl('disk detach web1 xvdb -q --timeout 1');
  expect(ran.exit).toBe(7);
  expect(ran.stderr).toContain('the guest holds it (its end is at Connected)');
  expect(await vdevs(host)).toEqual(['xvdb']);
  // It is served on meanwhile.
  expect(await host.sim.run(host.guest.disks.get(51728)!.front.ask('read', 1))).toBe(0);
  host.guest.isHolding = false;
  expect(await host.xtl('disk detach web1 xvdb -q')).toMatchObject({ exit: 0 });
  await host.sleep(1000);
  expect(await storeTree(host)).toEqual(host.before);
});

it('--force takes it from a guest that holds it', async () => {
  const host = await withDisk();
  host.guest.isHolding = true;
  expect(await host.xtl('disk detach web1 xvdb -q --force')).toMatchObject({ exit: 0 });
  await host.sleep(1000);
  expect(await storeTree(host)).toEqual(host.before);
});

it('a back end that is dead lets go of nothing, but by force', async () => {
  const host = await withDisk();
  host.killBackend();
  host.guest.isHolding = false;
  const ran = await host.xtl('disk detach web1 xvdb -q --timeout 1');
  expect(ran).toMatchObject({
    exit: 7,
    stderr: expect.stringContaining('its back end does not let go'),
  });
  expect(await host.xtl('disk detach web1 xvdb -q --force')).toMatchObject({ exit: 0 });
  expect(await storeTree(host)).toEqual(host.before);
});

it.each([
  ['web1 xvdz', 3, "xtl: cannot detach xvdz from 'web1': there is no xvdz [step find]\n"],
  ['web1 nonsense', 2, "xtl: there is no virtual disk 'nonsense': it is like xvda, hda or 51712\n"],
  ['ghost xvdb', 3, "xtl: there is no domain 'ghost'\n"],
])('xtl disk detach %s is refused with %i, and changes nothing', async (line, exit, stderr) => {
  const host = await withDisk();
  const before = await storeTree(host);
  expect(await host.xtl(`disk detach ${line} -q`)).toEqual({ exit, stdout: '', stderr });
  expect(await storeTree(host)).toEqual(before);
});

describe('a plan that was killed behind its step', () => {
  it.each([1, 2, 3])('%i is finished by the same command', async (count) => {
    const host = await withDisk();
    const { steps, name } = planDetach(OF, 51728, 'xvdb', { force: false });
    const state = newDiskState(host.openHost());
    const part = { name, steps: steps.slice(0, count) };
    must2(await host.sim.run(runPlan(part, state, host.sim.dom0.clock)));
    expect(await host.xtl('disk detach web1 xvdb -q')).toEqual({ exit: 0, stdout: '', stderr: '' });
    await host.sleep(1000);
    expect(await storeTree(host)).toEqual(host.before);
    expect(await host.xtl('disk detach web1 xvdb -q')).toMatchObject({ exit: 3 });
  });
});

it('of a domain of xl, whose nodes xl made', async () => {
  const host = await diskHost();
  const { sim, xenstore } = host;
  const before = await storeTree(host);
  must(await sim.run(xenstore.rm('/libxl/1/xtl')));
  for (const [path] of host.written) if (path.endsWith('.xtl')) host.written.delete(path);
  const kept = '/libxl/1/device/vbd/51728';
  const front = '/local/domain/1/device/vbd/51728';
  const owned = { permissions: [{ domid: 1, access: 'n' as const }] };
  const nodes = { 'frontend-id': '1', online: '1', dev: 'xvdb', type: 'phy', mode: 'w' };
  const of = { params: '/a.img', script: '/etc/xen/scripts/block-xtl', frontend: front };
  const back = { ...nodes, ...of, 'device-type': 'disk', state: '1' };
  const all = [
    ...Object.entries({ ...back, backend: BACK }).map(([name, value]) => [
      `${kept}/${name}`,
      value,
    ]),
    ...Object.entries(back).map(([name, value]) => [`${BACK}/${name}`, value]),
    [`${front}/backend`, BACK],
    [`${front}/state`, '1'],
  ] as [string, string][];
  const list = all.map(([path, value]) => ({ path, value, ...(path.startsWith(front) && owned) }));
  must(await sim.run(xenstore.transaction((tx) => tx.writeAll(list))));
  await host.sleep(1000);
  expect(await vdevs(host)).toEqual(['xvdb']);
  expect(await host.xtl('disk detach web1 xvdb -q')).toMatchObject({ exit: 0 });
  await host.sleep(1000);
  const isOurs = (line: string) => !line.startsWith('/libxl/1/xtl');
  expect(await storeTree(host)).toEqual(before.filter(isOurs));
});
