/** Vifs that come to a VM that runs. */

import { describe, expect, it } from 'vitest';
import { domid } from '../../shared/core/ids.ts';
import { fail, must } from '../../shared/core/result.ts';
import {
  type DeviceState,
  type KeptDomain,
  planAttachVif,
  runPlan,
  type Step,
  type VifView,
} from '../../shared/domain/build/index.ts';
import { hasLibxlDevice, LIBXL_NICS } from '../../shared/domain/build/libxl-devices.ts';
import { configPath } from '../../shared/domain/build/userdata.ts';
import { must2 } from './build-bench.ts';
import { storeTree } from './store-tree.ts';
import { type GuestVifs, type VifHost, vifHost } from './vif-host.ts';

const OF: KeptDomain = { domid: domid(1), uuid: '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a' };
const BACK = '/local/domain/0/backend/vif/1';
const FRONT = '/local/domain/1/device/vif';
const MAC = '00:16:3e:12:34:56';

async function running(vifs = ''): Promise<VifHost & { readonly guest: GuestVifs }> {
  const host = await vifHost();
  expect(await host.xtl(`vm create vm.cfg vif=[${vifs}] -q`)).toMatchObject({ exit: 0 });
  const guest = host.plug(1);
  await host.sleep(100);
  return { ...host, guest };
}

/** Numbers of the vifs of the VM as three records have them: libxl's, our file, our nodes. */
async function kept({ written, xtl }: VifHost): Promise<readonly number[]> {
  const text = (path: string): string => new TextDecoder().decode(written.get(path));
  const file = JSON.parse(text(configPath(OF).replace('libxl-json', 'xtl')));
  const { spec } = JSON.parse((await xtl('vm show web1 -o json')).stdout);
  const devids = (vifs: readonly { devid: number }[] = []) => vifs.map(({ devid }) => devid);
  expect(devids(file.vifs)).toEqual(devids(spec.vifs));
  for (const devid of [0, 1, 2]) {
    const has = must(hasLibxlDevice(text(configPath(OF)), LIBXL_NICS, devid));
    expect([devid, has]).toEqual([devid, devids(spec.vifs).includes(devid)]);
  }
  return devids(spec.vifs);
}

it('one is attached with the lowest number, connected by a script, and known to all', async () => {
  const host = await running('"devid=1,bridge=a"');
  const ran = await host.xtl('net attach web1 bridge=br0');
  expect(ran).toMatchObject({ exit: 0, stdout: '' });
  expect(ran.stderr).toMatch(/^attach vif 0 to 'web1': 1\/6 check .*\n/);
  expect(ran.stderr).toMatch(/\nvif 0 \(00:16:3e:[0-9a-f:]{8}\) is attached to 'web1'\n$/);
  expect(host.scripts()).toEqual(['vif-bridge online vif1.1', 'vif-bridge online vif1.0']);
  expect(await host.nodes(`${BACK}/0`)).toMatchObject({ state: '4', bridge: 'br0' });
  expect([...host.guest.vifs].sort()).toEqual([0, 1]);
  expect(await kept(host)).toEqual([1, 0]);
});

it('words as xl takes them make one, too', async () => {
  const host = await running();
  const words = `type=vif mac=${MAC} script=/opt/mine`;
  expect(await host.xtl(`network-attach 1 ${words} -q`)).toEqual({
    ...{ exit: 0, stdout: '', stderr: '' },
  });
  expect(await host.nodes(`${FRONT}/0`)).toMatchObject({ mac: MAC, state: '4' });
  expect(host.scripts()).toEqual(['mine online vif1.0']);
  const none = await host.xtl('network-attach 1');
  expect(none).toMatchObject({ exit: 0, stderr: expect.stringContaining('vif 1 (00:16:3e:') });
});

const wrong: [line: string, exit: number, stderr: RegExp][] = [
  ['ghost bridge=br0', 3, /^xtl: there is no domain 'ghost'\n$/],
  ['0 bridge=br0 -q', 4, /domain 0 is the host.* \[step check\]\n$/],
  ['web1 nonsense', 6, /^xtl: vif 'nonsense': unrecognized argument: "nonsense" \(it looks like/],
  ['web1 bridge=br0 mac=1', 6, /^xtl: vif 'bridge=br0 mac=1': a MAC address is like/],
  ['web1 backend=dom', 3, /^xtl: vif: no domain is called 'dom'\n$/],
  ['web1 devid=0 -q', 4, /vif 0 is there already: 00:16:3e:12:34:56 \[step check\]\n$/],
  ['web1 bridge=b --timeout soon', 2, /a timeout is a number of seconds/],
];

it.each(wrong)(
  'xtl net attach %s is refused with %i, and changes nothing',
  async (line, exit, stderr) => {
    const host = await running(`"mac=${MAC}"`);
    const before = await storeTree(host);
    const ran = await host.xtl(`net attach ${line}`);
    expect(ran.stderr).toMatch(stderr);
    expect([ran.exit, ran.stdout]).toEqual([exit, '']);
    expect(await storeTree(host)).toEqual(before);
  },
);

it('what has no effect is told, and done without', async () => {
  const host = await running();
  const { exit, stderr } = await host.xtl('net attach web1 netdev=eth0 accel=1 -q');
  expect([exit, stderr]).toEqual([
    0,
    'xtl: warning: netdev is the old name of gatewaydev\n' +
      'xtl: warning: accel has no effect, for xl either\n',
  ]);
  expect(host.ran[0]?.env).toMatchObject({ netdev: 'eth0' });
});

it('a dry run shows the steps, and makes nothing', async () => {
  const host = await running();
  const before = await storeTree(host);
  const { exit, stdout } = await host.xtl('net attach web1 bridge=br0 -n -o json');
  expect(exit).toBe(0);
  const { plan, steps } = JSON.parse(stdout);
  expect(plan).toBe("attach vif 0 to 'web1'");
  expect(steps.map(({ id }: { id: string }) => id)).toEqual([
    ...['check', 'nodes', 'backend', 'script', 'frontend', 'config'],
  ]);
  expect(await storeTree(host)).toEqual(before);
  expect(host.ran).toEqual([]);
});

describe('is taken back as a whole', () => {
  it.each<[string, (host: VifHost & { guest: GuestVifs }) => void, number, string, string[]]>([
    [
      'when nobody serves it',
      (host) => {
        host.netback.isDead = true;
      },
      ...([7, 'vif 0: no back end serves it'] as const),
      ['vif-bridge offline vif1.0'],
    ],
    [
      'when its script fails',
      (host) => {
        host.plays.online = { kind: 'fails', error: 'no bridge br0' };
      },
      ...([1, 'vif 0: the script /etc/xen/scripts/vif-bridge: no bridge br0'] as const),
      ['vif-bridge online vif1.0', 'vif-bridge offline vif1.0'],
    ],
    [
      'when the guest does not look at it',
      (host) => {
        host.guest.isBlind = true;
      },
      ...([7, 'the guest has not looked at it: does its kernel take network interfaces'] as const),
      ['vif-bridge online vif1.0', 'vif-bridge offline vif1.0'],
    ],
  ])('%s', async (_, spoil, exit, why, scripts) => {
    const host = await running();
    const before = await storeTree(host);
    const files = [...host.written].map(([path, bytes]) => [path, bytes.length]);
    spoil(host);
    const ran = await host.xtl('net attach web1 bridge=br0 -q --timeout 2');
    expect(ran).toMatchObject({ exit, stderr: expect.stringContaining(why) });
    expect(host.scripts()).toEqual(scripts);
    expect(await storeTree(host)).toEqual(before);
    expect([...host.written].map(([path, bytes]) => [path, bytes.length])).toEqual(files);
  });
});

it('a VM that is paused takes it when it runs', async () => {
  const host = await running();
  host.guest.isBlind = true;
  await host.xtl('pause web1');
  expect(await host.xtl('net attach web1 bridge=br0 -q')).toMatchObject({ exit: 0 });
  expect(await host.node(`${BACK}/0/state`)).toBe('2');
});

/** What the step does is done, and then it fails. */
function failing(step: Step<DeviceState<VifView>>): Step<DeviceState<VifView>> {
  const run: typeof step.run = async (state) => {
    await step.run(state);
    return fail('EIO', 'struck');
  };
  return { ...step, run };
}

describe('a plan', () => {
  const vif = { devid: 0, mac: MAC, bridge: 'br0' };
  const { name, steps } = planAttachVif(OF, vif, { backend: domid(0), timeoutMs: 2000 });

  it.each(steps.map(({ id }, i) => [id, i] as const))(
    'that fails behind its step %s leaves nothing',
    async (_, at) => {
      const host = await running();
      const before = await storeTree(host);
      const struck = steps.map((step, i) => (i === at ? failing(step) : step));
      const { clock } = host.sim.dom0;
      const state: DeviceState<VifView> = { host: host.openHost() };
      const ran = await host.sim.run(runPlan({ name, steps: struck }, state, clock));
      expect(ran).toMatchObject({ ok: false, error: { what: 'struck', left: [] } });
      await host.sleep(1000);
      expect(await storeTree(host)).toEqual(before);
      expect([...host.guest.vifs]).toEqual([]);
    },
  );

  it.each([2, 3, 4, 5])(
    'that was killed behind %i steps is finished by the same command',
    async (count) => {
      const host = await running();
      const state: DeviceState<VifView> = { host: host.openHost() };
      const part = { name, steps: steps.slice(0, count) };
      must2(await host.sim.run(runPlan(part, state, host.sim.dom0.clock)));
      const line = `net attach web1 bridge=br0 mac=${MAC} -q`;
      expect(await host.xtl(line)).toEqual({ exit: 0, stdout: '', stderr: '' });
      expect(await kept(host)).toEqual([0]);
      expect(await host.node(`${BACK}/0/state`)).toBe('4');
      // From then on it is another one.
      expect(await host.xtl(line)).toMatchObject({ exit: 0 });
      expect(await kept(host)).toEqual([0, 1]);
    },
  );
});
