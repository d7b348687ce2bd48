/** A VM's disks: their nodes, and what becomes of a VM whose disks are not served. */

import { expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import { type Machine, simMachine } from '../../toolstack-cli/testing/sim-host.ts';

const CREATE = 'vm create vm.cfg disk=["/dev/vg/root,raw,xvda,w","/a.iso,raw,xvdb,cdrom"] -q';
const BACK = '/local/domain/0/backend/vbd/1';

/** A back end that answers each disk that comes; with an error, or not at all. */
async function serve({ xenstore, sim }: Machine, answer: 'state' | 'error'): Promise<void> {
  const watch = must(await sim.run(xenstore.watch('/local/domain/0/backend/vbd')));
  void (async () => {
    for await (const path of watch) {
      if (!path.endsWith('/state')) continue;
      const own = await xenstore.readString(path);
      if (!own.ok || own.value !== '1') continue;
      const back = path.slice(0, -'/state'.length);
      if (answer === 'state') await xenstore.write(path, '2');
      else {
        const error = back.replace('/backend/', '/error/backend/');
        await xenstore.write(`${error}/error`, 'no such file');
      }
    }
  })();
}

async function values(store: XenstoreClient, sim: Machine['sim'], path: string) {
  const names = must(await sim.run(store.directory(path)));
  const all: Record<string, string> = {};
  for (const name of names) all[name] = must(await sim.run(store.readString(`${path}/${name}`)));
  return all;
}

it('have the nodes that xl makes, before the VM runs', async () => {
  const machine = await simMachine();
  const { xenstore, sim } = machine;
  await serve(machine, 'state');
  expect(await machine.xtl(CREATE)).toMatchObject({ exit: 0, stderr: '' });
  expect(await values(xenstore, sim, `${BACK}/51712`)).toEqual({
    ...{ frontend: '/local/domain/1/device/vbd/51712', 'frontend-id': '1', online: '1' },
    ...{ params: '/dev/vg/root', mode: 'w', 'device-type': 'disk', removable: '0', dev: 'xvda' },
    ...{ bootable: '1', state: '2', type: 'phy', 'discard-enable': '1', specification: 'xen' },
    script: '/etc/xen/scripts/block-xtl',
  });
  expect(await values(xenstore, sim, `${BACK}/51728`)).toMatchObject({
    ...{ params: '/a.iso', mode: 'r', 'device-type': 'cdrom', removable: '1', dev: 'xvdb' },
  });
  expect(await values(xenstore, sim, '/local/domain/1/device/vbd/51712')).toEqual({
    ...{ backend: `${BACK}/51712`, 'backend-id': '0', state: '1', 'virtual-device': '51712' },
    ...{ 'device-type': 'disk', trusted: '1' },
  });
  const owner = must(await sim.run(xenstore.getPerms('/local/domain/1/device/vbd/51712')));
  expect(owner[0]).toEqual({ domid: 1, access: 'n' });
  expect(must(await sim.run(xenstore.getPerms(`${BACK}/51712`)))).toEqual([
    { domid: 0, access: 'n' },
    { domid: 1, access: 'r' },
  ]);
});

it('that nobody serves end the VM, with its name and why, and leave nothing', async () => {
  const machine = await simMachine();
  const { xenstore, sim } = machine;
  const before = sim.baseline();
  const { exit, stderr } = await machine.xtl(CREATE);
  expect([exit, stderr]).toEqual([
    expect.any(Number),
    expect.stringContaining('disk xvda, /dev/vg/root: no back end serves it'),
  ]);
  expect(exit).not.toBe(0);
  expect(await sim.run(xenstore.exists('/local/domain/0/backend/vbd'))).toEqual({
    ...{ ok: true, value: false },
  });
  expect(sim.leaks(before)).toEqual([]);
});

it('that cannot be served say what the back end says', async () => {
  const machine = await simMachine();
  await serve(machine, 'error');
  const { exit, stderr } = await machine.xtl(CREATE);
  expect(exit).not.toBe(0);
  expect(stderr).toContain('disk xvda, /dev/vg/root: no such file');
});

const STORAGE = 'name="storage" uuid="2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8b" driver_domain=1';

it('of a driver domain are its, by name, and no node of them dies with it', async () => {
  const machine = await simMachine();
  const { xenstore, sim } = machine;
  expect(await machine.xtl(`vm create vm.cfg ${STORAGE} -q`)).toMatchObject({
    ...{ exit: 0, stderr: '' },
  });
  const back = '/local/domain/1/backend/vbd/2/51712';
  void (async () => {
    const watch = must(await xenstore.watch(`${back}/state`));
    for await (const _ of watch) {
      const state = await xenstore.readString(`${back}/state`);
      if (state.ok && state.value === '1') await xenstore.write(`${back}/state`, '2');
    }
  })();
  const disk = 'disk=["xvda2,raw,xvda,w,backend=storage"]';
  expect(await machine.xtl(`vm create vm.cfg ${disk} -q`)).toMatchObject({ exit: 0, stderr: '' });
  expect(await values(xenstore, sim, back)).toMatchObject({
    ...{ params: 'xvda2', frontend: '/local/domain/2/device/vbd/51712', state: '2' },
  });
  expect(await values(xenstore, sim, '/local/domain/2/device/vbd/51712')).toMatchObject({
    ...{ backend: back, 'backend-id': '1' },
  });
  for (const path of [back, `${back}/state`, `${back}/params`]) {
    expect(must(await sim.run(xenstore.getPerms(path)))).toEqual([
      { domid: 0, access: 'n' },
      { domid: 1, access: 'b' },
      { domid: 2, access: 'r' },
    ]);
  }
  expect(must(await sim.run(xenstore.getPerms('/local/domain/2/device/vbd/51712')))).toEqual([
    { domid: 2, access: 'n' },
    { domid: 1, access: 'r' },
  ]);
});

it('of a driver domain that there is none of end the VM', async () => {
  const machine = await simMachine();
  const before = machine.sim.baseline();
  const disk = 'disk=["xvda2,raw,xvda,w,backend=storage"]';
  const { exit, stderr } = await machine.xtl(`vm create vm.cfg ${disk} -q`);
  expect([exit === 0, stderr]).toEqual([
    false,
    expect.stringContaining("disk xvda: no domain is called 'storage'"),
  ]);
  expect(machine.sim.leaks(before)).toEqual([]);
});
