/** Vifs that are taken from a VM that runs. */

import { describe, expect, it } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import {
  type DeviceState,
  type KeptDomain,
  planDetachVif,
  runPlan,
  type VifView,
} from '../../shared/domain/build/index.ts';
import { must2 } from './build-bench.ts';
import { storeTree } from './store-tree.ts';
import { type GuestVifs, type VifHost, vifHost } from './vif-host.ts';

const OF: KeptDomain = { domid: domid(1), uuid: '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a' };
const MAC = '00:16:3e:12:34:56';

type Scene = VifHost & { readonly guest: GuestVifs; readonly before: string[] };

/** With vif 0, which the guest has, and what the store was before. */
async function withVif(): Promise<Scene> {
  const host = await vifHost();
  expect(await host.xtl('vm create vm.cfg -q')).toMatchObject({ exit: 0 });
  const guest = host.plug(1);
  const before = await storeTree(host);
  expect(await host.xtl(`net attach web1 mac=${MAC} -q`)).toMatchObject({ exit: 0 });
  host.ran.length = 0;
  return { ...host, guest, before };
}

const OFFLINE = ['vif-bridge offline vif1.0'];

it.each([
  'net detach web1 0',
  'network-detach 1 0',
  'net detach web1 00:16:3E:12:34:56',
  'net detach web1 0 -f',
])('xtl %s leaves nothing of it', async (line) => {
  const host = await withVif();
  const ran = await host.xtl(line);
  expect(ran).toMatchObject({ exit: 0, stdout: '' });
  expect(ran.stderr).toMatch(/vif 0 is detached from 'web1'\n$/);
  expect(host.scripts()).toEqual(OFFLINE);
  await host.sleep(1000);
  expect(await storeTree(host)).toEqual(host.before);
  expect([...host.guest.vifs]).toEqual([]);
  for (const [path, bytes] of host.written) {
    if (path.includes('userdata')) expect(new TextDecoder().decode(bytes)).not.toContain(MAC);
  }
  // Its number is free again.
  expect(await host.xtl(`net attach web1 mac=${MAC} devid=0 -q`)).toMatchObject({ exit: 0 });
});

it('a guest that holds it is told of, keeps it, and may let go later', async () => {
  const host = await withVif();
  host.guest.isHolding = true;
  const ran = await host.xtl('net detach web1 0 -q --timeout 1');
  expect(ran.exit).toBe(7);
  expect(ran.stderr).toContain('the guest holds it (its end is at Connected)');
  expect(host.scripts()).toEqual([]);
  host.guest.isHolding = false;
  // Another guest would have seen it by itself.
  await host.sim.run(host.xenstore.write('/local/domain/1/device/vif/0/state', '6'));
  expect(await host.xtl('net detach web1 0 -q')).toMatchObject({ exit: 0 });
  await host.sleep(1000);
  expect(await storeTree(host)).toEqual(host.before);
});

it('--force takes it from a guest that holds it', async () => {
  const host = await withVif();
  host.guest.isHolding = true;
  expect(await host.xtl('net detach web1 0 -q --force')).toMatchObject({ exit: 0 });
  expect(host.scripts()).toEqual(OFFLINE);
  await host.sleep(1000);
  expect(await storeTree(host)).toEqual(host.before);
});

it('a script that fails keeps nobody from it', async () => {
  const host = await withVif();
  host.plays.offline = { kind: 'fails', error: 'no such device' };
  expect(await host.xtl('net detach web1 0 -q')).toMatchObject({ exit: 0, stderr: '' });
  expect(host.scripts()).toEqual(OFFLINE);
  await host.sleep(1000);
  expect(await storeTree(host)).toEqual(host.before);
});

it.each([
  ['web1 7', 3, "xtl: cannot detach vif 7 from 'web1': there is no vif 7 [step find]\n"],
  ['web1 00:16:3e:00:00:01', 3, 'xtl: there is no vif 00:16:3e:00:00:01\n'],
  ['web1 eth0', 2, "xtl: a vif is a number or a MAC address, not 'eth0'\n"],
  ['web1 1:2', 2, "xtl: a vif is a number or a MAC address, not '1:2'\n"],
  ['ghost 0', 3, "xtl: there is no domain 'ghost'\n"],
])('xtl net detach %s is refused with %i, and changes nothing', async (line, exit, stderr) => {
  const host = await withVif();
  const before = await storeTree(host);
  expect(await host.xtl(`net detach ${line} -q`)).toEqual({ exit, stdout: '', stderr });
  expect(await storeTree(host)).toEqual(before);
});

describe('a plan that was killed behind its step', () => {
  it.each([1, 2, 3, 4])('%i is finished by the same command', async (count) => {
    const host = await withVif();
    const { steps, name } = planDetachVif(OF, 0, { force: false });
    const state: DeviceState<VifView> = { host: host.openHost() };
    const part = { name, steps: steps.slice(0, count) };
    must2(await host.sim.run(runPlan(part, state, host.sim.dom0.clock)));
    expect(await host.xtl('net detach web1 0 -q')).toEqual({ exit: 0, stdout: '', stderr: '' });
    await host.sleep(1000);
    expect(await storeTree(host)).toEqual(host.before);
    expect(await host.xtl('net detach web1 0 -q')).toMatchObject({ exit: 3 });
  });
});
