/** The list of a domain's network interfaces, whoever serves them. */

import { expect, it } from 'vitest';
import { must } from '../../shared/core/result.ts';
import { vifHost } from './vif-host.ts';

const MAC = '00:16:3e:12:34:56';

async function running(vifs: string) {
  const host = await vifHost();
  expect(await host.xtl(`vm create vm.cfg vif=[${vifs}] -q`)).toMatchObject({ exit: 0 });
  host.plug(1);
  await host.sleep(100);
  return host;
}

it('has what was said of each, and how far its ends are', async () => {
  const more = 'vifname=lan0,ip=10.0.0.1,rate=1MB/s@20ms,mtu=9000,vlan=7';
  const { xtl } = await running(`"bridge=br0,mac=${MAC}","devid=4,script=vif-route,${more}"`);
  const { stdout } = await xtl('net list web1 -o json');
  const both = { backendDomid: 0, server: 'Linux', error: null };
  const connected = { ...both, backendState: 'Connected', frontendState: 'Connected' };
  expect(JSON.parse(stdout)).toEqual([
    {
      ...{ ...connected, devid: 0, mac: MAC, bridge: 'br0', ip: null, interface: 'vif1.0' },
      ...{ script: '/etc/xen/scripts/vif-bridge', gatewaydev: null, vlan: null, mtu: 1500 },
      ...{ rateBytes: null, rateIntervalUs: null },
    },
    {
      ...{ ...connected, devid: 4, mac: expect.stringMatching(/^00:16:3e:/), bridge: 'xenbr0' },
      ...{ ip: '10.0.0.1', interface: 'lan0', script: '/etc/xen/scripts/vif-route' },
      ...{ gatewaydev: null, vlan: '7', mtu: 9000, rateBytes: 20_000, rateIntervalUs: 20_000 },
    },
  ]);
  const table = (await xtl('network-list web1')).stdout;
  expect(table).toMatch(/^VIF +MAC +BRIDGE +INTERFACE +MTU +BACKEND +GUEST +IP\n/);
  expect(table).toMatch(
    /\n0 +00:16:3e:12:34:56 +br0 +vif1.0 +1500 +0 Linux Connected +Connected +-\n/,
  );
  expect((await xtl('net list web1 -o yaml')).stdout).toMatch(/^- devid: 0\n/);
});

it('is empty for a VM without any, and refused for no VM', async () => {
  const { xtl } = await running('');
  expect(await xtl('net list web1 -o json')).toEqual({ exit: 0, stdout: '[]\n', stderr: '' });
  expect((await xtl('net list web1')).stdout.split('\n')).toHaveLength(2);
  expect(await xtl('net list ghost')).toMatchObject({ exit: 3 });
});

it('knows vifs of others by their nodes, and takes no word of the guest', async () => {
  const { xtl, sim, xenstore, netback } = await running('"bridge=br0"');
  netback.isDead = true;
  const kept = '/libxl/1/device/vif';
  const other = '/local/domain/3/backend/vif/1/1';
  const ours = '/local/domain/0/backend/vif/1/2';
  const nodes = {
    [`${kept}/1/backend`]: other,
    [`${kept}/1/mac`]: MAC,
    [`${other}/state`]: '4',
    '/local/domain/1/device/vif/1/state': 'constructor',
    '/local/domain/1/device/vif/1/mac': 'guest-lies',
    '/local/domain/1/device/vif/1/mtu': '9e3',
    [`${kept}/2/backend`]: ours,
    [`${kept}/2/xtl-server`]: 'xtl',
    [`${ours}/state`]: '1',
    [`${ours}/hotplug-error`]: 'no\x1b[2J',
    [`${kept}/3/backend`]: '/local/domain/1/device/vif/1',
    [`${kept}/x/backend`]: other,
  };
  const list = Object.entries(nodes).map(([path, value]) => ({ path, value }));
  must(await sim.run(xenstore.writeAll(list)));
  const all = JSON.parse((await xtl('net list web1 -o json')).stdout);
  expect(all.slice(1)).toEqual([
    expect.objectContaining({
      ...{ devid: 1, mac: MAC, mtu: null, server: null, backendDomid: 3, bridge: null },
      ...{ backendState: 'Connected', frontendState: 'Unknown' },
    }),
    expect.objectContaining({
      ...{ devid: 2, mac: null, server: 'xtl', backendState: 'Initialising' },
      ...{ frontendState: null, error: 'no\x1b[2J' },
    }),
  ]);
  expect((await xtl('net list web1')).stdout).toContain('\nvif 2: no␛[2J\n');
});
