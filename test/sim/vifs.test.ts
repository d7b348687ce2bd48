/** A VM's network interfaces: their nodes, their scripts, and what becomes of a VM without. */

import { describe, expect, it } from 'vitest';
import { lifecycleService } from '../../services/lifecycle/service.ts';
import { domid } from '../../shared/core/ids.ts';
import { must } from '../../shared/core/result.ts';
import { createImageFiles } from '../../shared/domain/build/index.ts';
import { fakeFiles } from '../../toolstack-cli/testing/context.ts';
import { FILES } from '../../toolstack-cli/testing/sim-host.ts';
import { storeTree } from './store-tree.ts';
import { type Plays, vifHost } from './vif-host.ts';

const BACK = '/local/domain/0/backend/vif/1';
const FRONT = '/local/domain/1/device/vif';
const MAC = '00:16:3e:12:34:56';

const create = (vifs: string, more = ''): string => `vm create vm.cfg vif=[${vifs}] -q${more}`;

it('have the nodes that xl makes, in dom0’s hands, and connect', async () => {
  const host = await vifHost();
  const guest = host.plug(1);
  const made = await host.xtl(create(`"bridge=br0,mac=${MAC}"`));
  expect(made).toEqual({ exit: 0, stdout: '', stderr: '' });
  await host.sleep(100);
  expect(await host.nodes(`${BACK}/0`)).toEqual({
    ...{ frontend: `${FRONT}/0`, 'frontend-id': '1', online: '1', state: '4', bridge: 'br0' },
    ...{ script: '/etc/xen/scripts/vif-bridge', mac: MAC, handle: '0', type: 'vif' },
    ...{ 'hotplug-status': 'connected', 'feature-rx-copy': '1' },
  });
  expect(await host.nodes(`${FRONT}/0`)).toEqual({
    ...{ backend: `${BACK}/0`, 'backend-id': '0', state: '4', handle: '0', mac: MAC },
    ...{ trusted: '1', mtu: '1500' },
  });
  expect([...guest.vifs]).toEqual([0]);
  const perms = async (path: string) => must(await host.sim.run(host.xenstore.getPerms(path)));
  const guestReads = [
    { domid: 0, access: 'n' },
    { domid: 1, access: 'r' },
  ];
  // What the guest is told it cannot change: the mtu is for its eyes.
  for (const path of [`${BACK}/0`, `${BACK}/0/state`, `${FRONT}/0/mtu`]) {
    expect(await perms(path), path).toEqual(guestReads);
  }
  expect((await perms(`${FRONT}/0/mac`))[0]).toEqual({ domid: 1, access: 'n' });
  expect(await perms('/libxl/1/device/vif/0/mac')).toEqual([{ domid: 0, access: 'n' }]);
});

it('have all that was said of them', async () => {
  const host = await vifHost();
  const said = `ip=10.0.0.1\u{a0}fd00::1,vifname=lan0,rate=1MB/s@20ms,mtu=9000,vlan=7,untrusted`;
  const vif = `"script=vif-route,gatewaydev=eth0,bridge=,devid=3,${said}"`;
  expect(await host.xtl(create(vif))).toMatchObject({ exit: 0, stderr: '' });
  expect(await host.nodes(`${BACK}/3`)).toMatchObject({
    ...{ script: '/etc/xen/scripts/vif-route', gatewaydev: 'eth0', bridge: '', vifname: 'lan0' },
    ...{ ip: '10.0.0.1\xc2\xa0fd00::1', rate: '20000,20000', mtu: '9000', vlan: '7', handle: '3' },
  });
  expect(await host.nodes(`${FRONT}/3`)).toMatchObject({ mtu: '9000', trusted: '0' });
  expect(host.ran).toEqual([
    {
      path: '/etc/xen/scripts/vif-route',
      args: ['online', 'type_if=vif'],
      env: {
        ...{ script: '/etc/xen/scripts/vif-route', vif: 'vif1.3', netdev: 'eth0' },
        ...{ XENBUS_PATH: 'backend/vif/1/3', XENBUS_BASE_PATH: 'backend', XENBUS_TYPE: 'vif' },
      },
      timeoutMs: 40_000,
    },
  ]);
});

it('get an address that is the VM’s own at each start, another for each', async () => {
  const host = await vifHost();
  const macs = async (id: number) =>
    [0, 1].map(async (devid) => host.node(`/local/domain/${id}/device/vif/${devid}/mac`));
  expect(await host.xtl(create('"",""'))).toMatchObject({ exit: 0 });
  const first = await Promise.all(await macs(1));
  expect(first[0]).toMatch(/^00:16:3e:[0-7][0-9a-f](:[0-9a-f]{2}){2}$/);
  expect(first[1]).not.toBe(first[0]);
  expect(await host.xtl('vm destroy web1 -q')).toMatchObject({ exit: 0 });
  expect(await host.xtl(create('"",""'))).toMatchObject({ exit: 0 });
  expect(await Promise.all(await macs(2))).toEqual(first);
  const other = 'uuid="2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8b" name="web2"';
  expect(await host.xtl(create('"",""', ` ${other}`))).toMatchObject({ exit: 0 });
  expect(await Promise.all(await macs(3))).not.toEqual(first);
});

it('are ended by their scripts, after their back ends, and leave nothing', async () => {
  const host = await vifHost();
  const before = await storeTree(host);
  host.plug(1);
  expect(await host.xtl(create('"","script=/opt/mine"'))).toMatchObject({ exit: 0 });
  await host.sleep(100);
  expect(await host.xtl('vm destroy web1 -q')).toMatchObject({ exit: 0, stderr: '' });
  expect(host.scripts()).toEqual([
    ...['vif-bridge online vif1.0', 'mine online vif1.1'],
    ...['vif-bridge offline vif1.0', 'mine offline vif1.1'],
  ]);
  expect(await storeTree(host)).toEqual(before);
});

it('do not keep a VM from its end that have a script which fails', async () => {
  const host = await vifHost();
  const before = await storeTree(host);
  expect(await host.xtl(create('""'))).toMatchObject({ exit: 0 });
  host.plays.offline = { kind: 'fails' };
  expect(await host.xtl('vm destroy web1 -q')).toMatchObject({ exit: 0, stderr: '' });
  expect(host.scripts().at(-1)).toBe('vif-bridge offline vif1.0');
  expect(await storeTree(host)).toEqual(before);
});

const SCRIPT = 'vif 0: the script /etc/xen/scripts/vif-bridge:';

const failures: [Plays, number, string][] = [
  [
    { kind: 'fails', error: 'Could not find bridge device xenbr0' },
    1,
    `${SCRIPT} Could not find bridge device xenbr0`,
  ],
  [{ kind: 'fails' }, 1, `${SCRIPT} ip: command not found (status 127)`],
  [{ kind: 'says nothing' }, 1, `${SCRIPT} it has ended, and not said that the vif is connected`],
  [{ kind: 'hangs' }, 7, `${SCRIPT} it has not ended after 40 s`],
];

it.each(failures)(
  'whose script %j end the VM with %i, and all is taken back',
  async (plays, exit, why) => {
    const host = await vifHost();
    const before = await storeTree(host);
    const baseline = host.sim.baseline();
    host.plays.online = plays;
    const ran = await host.xtl(create('""'));
    expect(ran).toEqual({
      exit,
      stdout: '',
      stderr: `xtl: cannot create web1: ${why} [step vifs]\n`,
    });
    expect(host.scripts()).toEqual(['vif-bridge online vif1.0', 'vif-bridge offline vif1.0']);
    expect(await storeTree(host)).toEqual(before);
    expect(host.sim.leaks(baseline)).toEqual([]);
  },
);

it('that nobody serves end the VM, and no script is run', async () => {
  const host = await vifHost();
  const before = await storeTree(host);
  host.netback.isDead = true;
  const ran = await host.xtl(create('""'));
  expect(ran).toMatchObject({
    ...{ exit: 7, stderr: expect.stringContaining('vif 0: no back end serves it') },
  });
  expect(host.scripts()).toEqual([]);
  expect(await storeTree(host)).toEqual(before);
});

describe('of a driver domain', () => {
  const NETVM = 'name="netvm" uuid="2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8b" driver_domain=1';

  it('are its, by name, with its rights, and its scripts are its own', async () => {
    const host = await vifHost();
    const { sim, xenstore } = host;
    expect(await host.xtl(`vm create vm.cfg ${NETVM} -q`)).toMatchObject({ exit: 0 });
    const back = '/local/domain/1/backend/vif/2/0';
    void (async () => {
      for await (const _ of must(await xenstore.watch(`${back}/state`))) {
        const state = await xenstore.readString(`${back}/state`);
        if (state.ok && state.value === '1') await xenstore.write(`${back}/state`, '2');
      }
    })();
    expect(await host.xtl(create('"backend=netvm,bridge=lan"'))).toEqual({
      ...{ exit: 0, stdout: '', stderr: '' },
    });
    expect(await host.nodes(back)).toMatchObject({ bridge: 'lan', state: '2' });
    expect(host.scripts()).toEqual([]);
    const perms = async (path: string) => must(await sim.run(xenstore.getPerms(path)));
    const serves = [
      { domid: 0, access: 'n' },
      { domid: 1, access: 'b' },
      { domid: 2, access: 'r' },
    ];
    for (const path of [back, `${back}/hotplug-status`, '/local/domain/2/device/vif/0/mtu']) {
      expect(await perms(path), path).toEqual(serves);
    }
    expect(await perms('/local/domain/2/device/vif/0')).toEqual([
      { domid: 2, access: 'n' },
      { domid: 1, access: 'r' },
    ]);
  });

  it('that there is none of end the VM', async () => {
    const host = await vifHost();
    const before = await storeTree(host);
    expect(await host.xtl(create('"backend=netvm"'))).toMatchObject({
      ...{ exit: 3, stderr: expect.stringContaining("vif 0: no domain is called 'netvm'") },
    });
    expect(await storeTree(host)).toEqual(before);
  });
});

it('a VM that reboots has them again, with their addresses, and scripts for both', async () => {
  const host = await vifHost();
  const { sim, xenstore, builders, written } = host;
  expect(await host.xtl(create('"bridge=br1"'))).toMatchObject({ exit: 0 });
  const mac = await host.node(`${FRONT}/0/mac`);
  const files = fakeFiles(FILES, written);
  const { runScript } = host.openHost();
  const log: string[] = [];
  void lifecycleService({
    ...{ ...sim.dom0, xenstore, builders, files, images: createImageFiles(files) },
    ...{ random: (bytes) => new Uint8Array(bytes).fill(7), log: (line) => void log.push(line) },
    ...(runScript !== undefined && { runScript }),
  });
  await host.sleep(100);
  sim.domain(domid(1)).shutdown('reboot');
  await host.sleep(10_000);
  expect(await host.node('/local/domain/2/name')).toBe('web1');
  expect(await host.node('/local/domain/2/device/vif/0/mac')).toBe(mac);
  expect(await host.node('/local/domain/0/backend/vif/2/0/bridge')).toBe('br1');
  expect(host.scripts()).toEqual([
    ...['vif-bridge online vif1.0', 'vif-bridge offline vif1.0', 'vif-bridge online vif2.0'],
  ]);
});

it('are kept as libxl has them', async () => {
  const { xtl, written } = await vifHost();
  const more = 'rate=1MB/s,script=vif-route,vifname=x,mtu=1400,ip=10.0.0.1,untrusted';
  expect(await xtl(create(`"bridge=br0,mac=${MAC},${more}"`))).toMatchObject({ exit: 0 });
  const [, bytes] = [...written].find(([path]) => path.endsWith('libxl-json')) ?? [];
  const config = JSON.parse(new TextDecoder().decode(bytes).replace('\0', ''));
  expect(config.nics).toEqual([
    {
      ...{ devid: 0, mac: MAC, bridge: 'br0', script: 'vif-route', ifname: 'x', mtu: 1400 },
      ...{ ip: '10.0.0.1', nictype: 'vif', trusted: 'False' },
      ...{ rate_bytes_per_interval: 50_000, rate_interval_usecs: 50_000 },
    },
  ]);
});
