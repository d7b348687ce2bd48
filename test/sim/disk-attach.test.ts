/** Disks that come to a VM that runs. */

import { describe, expect, it } from 'vitest';
import { lifecycleService } from '../../services/lifecycle/service.ts';
import { DOM0, domid } from '../../shared/core/ids.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import {
  createImageFiles,
  type DiskState,
  type KeptDomain,
  newDiskState,
  planAttach,
  runPlan,
  type Step,
} from '../../shared/domain/build/index.ts';
import { hasLibxlDevice, LIBXL_DISKS } from '../../shared/domain/build/libxl-devices.ts';
import { configPath } from '../../shared/domain/build/userdata.ts';
import { fakeFiles } from '../../toolstack-cli/testing/context.ts';
import { FILES } from '../../toolstack-cli/testing/sim-host.ts';
import { must2 } from './build-bench.ts';
import { type DiskHost, diskHost } from './disk-host.ts';
import { storeTree } from './store-tree.ts';

const OF: KeptDomain = { domid: domid(1), uuid: '2f0b6f0a-5a4c-4a2e-9d0c-1f3e5d7c9b8a' };
const BACK = '/local/domain/0/backend/vbd/1/51728';
const FRONT = '/local/domain/1/device/vbd/51728';
const XVDB = {
  ...{ target: '/a.img', vdev: 'xvdb', device: 51728, isWritable: true, isCdrom: false },
  isDirectIoSafe: false,
};

/** The disks of the VM as three records have them: libxl's, our file, our nodes. */
async function kept({ written, xtl }: DiskHost): Promise<readonly unknown[]> {
  const text = (path: string): string => new TextDecoder().decode(written.get(path));
  const config = text(configPath(OF));
  const file = JSON.parse(text(configPath(OF).replace('libxl-json', 'xtl')));
  const { spec } = JSON.parse((await xtl('vm show web1 -o json')).stdout);
  const vdevs = (disks: readonly { vdev: string }[] = []) => disks.map(({ vdev }) => vdev);
  expect(vdevs(file.disks)).toEqual(vdevs(spec.disks));
  expect(must(hasLibxlDevice(config, LIBXL_DISKS, 51728))).toBe(vdevs(spec.disks).includes('xvdb'));
  return vdevs(spec.disks);
}

it('one is attached, used and known to all', async () => {
  const host = await diskHost(['/b.img,raw,xvda,w']);
  const { xtl, sim, guest, node } = host;
  const ran = await xtl('disk attach web1 /a.img,raw,xvdb,w');
  expect(ran).toMatchObject({ exit: 0, stdout: '' });
  expect(ran.stderr).toMatch(/^attach xvdb to 'web1': 1\/5 check .*\n/);
  expect(ran.stderr).toMatch(/\nxvdb is attached to 'web1'\n$/);
  await host.sleep(500);
  const disk = guest.disks.get(51728);
  expect(disk).toMatchObject({ capacity: 64 });
  expect([await node(`${FRONT}/state`), await node(`${BACK}/state`)]).toEqual(['4', '4']);
  expect(await sim.run(disk!.front.ask('read', 3))).toBe(0);
  expect(disk?.front.data.region.bytes[0]).toBe(13);
  expect(await kept(host)).toEqual(['xvda', 'xvdb']);
  const again = await xtl('block-attach web1 /a.img,raw,xvdb,w');
  expect(again).toMatchObject({
    exit: 4,
    stderr: expect.stringContaining('there already: /a.img'),
  });
  expect(await node(`${BACK}/state`)).toBe('4');
});

it('words as xl takes them make one, too, and a drive may be empty', async () => {
  const { xtl, guest, sleep } = await diskHost();
  expect(await xtl('block-attach 1 vdev=xvdb cdrom target= -q')).toEqual({
    ...{ exit: 0, stdout: '', stderr: '' },
  });
  await sleep(500);
  expect(guest.disks.get(51728)).toMatchObject({ capacity: 0 });
});

it('a VM that reboots has its disks as they were changed', async () => {
  const host = await diskHost([',,hdd,cdrom']);
  const { sim, xtl, xenstore } = host;
  for (const line of ['attach web1 /a.img,raw,xvdb,w', 'insert web1 hdd /c.iso']) {
    expect(await xtl(`disk ${line} -q`)).toMatchObject({ exit: 0 });
  }
  const { builders, written } = host;
  const files = fakeFiles(FILES, written);
  void lifecycleService({
    ...{ ...sim.dom0, xenstore, builders, files, images: createImageFiles(files) },
    ...{ random: (bytes) => new Uint8Array(bytes).fill(7), log: (line) => host.log.push(line) },
  });
  await host.sleep(100);
  sim.domain(domid(1)).shutdown('reboot');
  await host.sleep(10_000);
  const list = JSON.parse((await xtl('disk list web1 -o json')).stdout);
  expect(list).toMatchObject([
    { vdev: 'hdd', target: '/c.iso', backendState: 'InitWait' },
    { vdev: 'xvdb', target: '/a.img', mode: 'w', backendState: 'InitWait' },
  ]);
  expect(await host.node('/local/domain/2/name')).toBe('web1');
});

const wrong: [line: string, exit: number, stderr: RegExp][] = [
  ['ghost /a.img,raw,xvdb', 3, /^xtl: there is no domain 'ghost'\n$/],
  ['0 /a.img,raw,xvdb -q', 4, /domain 0 is the host.* \[step check\]\n$/],
  ['web1 nonsense', 6, /^xtl: disk 'nonsense': no vdev specified \(it looks like .*\)\n$/],
  ['web1 /d,zip,xvdb', 6, /^xtl: disk '.*': unknown value for format: "zip"/],
  [
    'web1 /d,raw xvdb,w again,x',
    6,
    /'\/d,raw xvdb,w again,x': too many positional parameters: "again"/,
  ],
  ['web1 a.img,raw,xvdb', 6, /the target is no absolute path/],
  ['web1 /a.img,raw,xvdb0', 6, /there is no virtual disk "xvdb0"/],
  ['web1 /a.img,raw,xvdb,backend=dom', 3, /no domain is called 'dom'/],
  ['web1 /gone.img,raw,xvdb -q', 3, /\/gone.img: no such file \[step check\]\n$/],
  ['web1 /b.img,raw,xvda -q', 4, /xvda is there already: \/b.img \[step check\]\n$/],
  ['web1 /a.img,raw,xvdb --timeout soon', 2, /a timeout is a number of seconds/],
];

it.each(wrong)(
  'xtl disk attach %s is refused with %i, and changes nothing',
  async (line, exit, stderr) => {
    const host = await diskHost(['/b.img,raw,xvda,w']);
    const before = await storeTree(host);
    const ran = await host.xtl(`disk attach ${line}`);
    expect(ran.stderr).toMatch(stderr);
    expect([ran.exit, ran.stdout]).toEqual([exit, '']);
    expect(await storeTree(host)).toEqual(before);
  },
);

it('a dry run shows the steps, and makes nothing', async () => {
  const host = await diskHost();
  const before = await storeTree(host);
  const { exit, stdout } = await host.xtl('disk attach web1 /a.img,raw,xvdb -n -o json');
  expect(exit).toBe(0);
  const { plan, steps } = JSON.parse(stdout);
  expect(plan).toBe("attach xvdb to 'web1'");
  expect(steps.map(({ id }: { id: string }) => id)).toEqual([
    ...['check', 'nodes', 'backend', 'frontend', 'config'],
  ]);
  expect(await storeTree(host)).toEqual(before);
});

it('a guest that does not look at it is named, and all is taken back', async () => {
  const host = await diskHost();
  host.guest.isBlind = true;
  const before = await storeTree(host);
  const ran = await host.xtl('disk attach web1 /a.img,raw,xvdb -q --timeout 2');
  expect(ran.exit).toBe(7);
  expect(ran.stderr).toContain('the guest has not looked at it');
  expect(await storeTree(host)).toEqual(before);
  await host.sleep(1000);
  expect(host.log.at(-1)).toBe(`${BACK}: gone`);
});

it('what the back end cannot open is told in its words, and all is taken back', async () => {
  const host = await diskHost();
  host.written.set('/not-a-disk', new Uint8Array(512));
  const before = await storeTree(host);
  const ran = await host.xtl('disk attach web1 /not-a-disk,raw,xvdb -q');
  expect(ran).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining('cannot open /not-a-disk'),
  });
  expect(await storeTree(host)).toEqual(before);
});

it('a VM that is paused takes it when it runs', async () => {
  const host = await diskHost();
  host.guest.isBlind = true;
  await host.xtl('pause web1');
  expect(await host.xtl('disk attach web1 /a.img,raw,xvdb -q')).toMatchObject({ exit: 0 });
  expect(await host.node(`${BACK}/state`)).toBe('2');
});

/** What the step does is done, and then it fails. */
function failing(step: Step<DiskState>): Step<DiskState> {
  const run: typeof step.run = async (state) => {
    await step.run(state);
    return fail('EIO', 'struck');
  };
  return { ...step, run };
}

it('libxl’s lock is held while its configuration changes, and waited for', async () => {
  const machine = await diskHost();
  const events: string[] = [];
  const host = machine.openHost();
  const lockFile: NonNullable<typeof host.lockFile> = async (path) => {
    events.push(path.replace(/^\/var\/lib\/xen\/userdata-/, ''));
    if (events.length < 3) return fail('EBUSY', `${path} is locked by process 9`);
    return ok({ release: () => void events.push('let go') });
  };
  const write: typeof host.files.write = (path, bytes) => {
    events.push(`written ${path.replace(/.*\./, '')}`);
    return host.files.write(path, bytes);
  };
  const wired = { host: ok({ ...host, lockFile, files: { ...host.files, write } }) };
  expect(await machine.xtl('disk attach web1 /a.img,raw,xvdb -q', wired)).toMatchObject({
    exit: 0,
  });
  const lock = `l.1.${OF.uuid}.domain-userdata-lock`;
  expect(events).toEqual([lock, lock, lock, 'written xtl', 'written libxl-json', 'let go']);
});

it('a configuration that is not libxl’s is told, and stays; the disk is taken back', async () => {
  const host = await diskHost();
  const before = await storeTree(host);
  host.written.set(configPath(OF), new TextEncoder().encode('{'));
  const ran = await host.xtl('disk attach web1 /a.img,raw,xvdb -q');
  expect(ran).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining('libxl-json: what libxl keeps'),
  });
  expect(ran.stderr).not.toContain('could not undo');
  expect(await storeTree(host)).toEqual(before);
  expect(host.written.get(configPath(OF))).toHaveLength(1);
});

describe('a plan that fails at its step', () => {
  it.each(['check', 'nodes', 'backend', 'frontend', 'config'])('%s is taken back', async (id) => {
    const host = await diskHost();
    const before = await storeTree(host);
    const files = new Map(host.written);
    const { steps, name } = planAttach(OF, XVDB, { backend: DOM0, timeoutMs: 5000 });
    const struck = steps.map((step) => (step.id === id ? failing(step) : step));
    const state = newDiskState(host.openHost());
    const result = await host.sim.run(runPlan({ name, steps: struck }, state, host.sim.dom0.clock));
    expect(result).toMatchObject({ ok: false, error: { step: id, left: [] } });
    expect(await storeTree(host)).toEqual(before);
    expect(texts(host.written)).toEqual(texts(files));
  });
});

/** Of JSON what it says, however it is laid out. */
function texts(files: ReadonlyMap<string, Uint8Array>): [string, unknown][] {
  return [...files].map(([path, bytes]) => {
    const text = new TextDecoder().decode(bytes).replace(/\0$/, '');
    if (!text.startsWith('{')) return [path, bytes.length];
    const { disks, ...rest } = JSON.parse(text);
    return [path, { ...rest, disks: disks ?? [] }];
  });
}

describe('a plan that was killed behind its step', () => {
  it.each([1, 2, 3, 4])('%i is finished by the same command', async (count) => {
    const host = await diskHost();
    const { steps, name } = planAttach(OF, XVDB, { backend: DOM0, timeoutMs: 5000 });
    const state = newDiskState(host.openHost());
    const part = { name, steps: steps.slice(0, count) };
    must2(await host.sim.run(runPlan(part, state, host.sim.dom0.clock)));
    expect(await host.xtl('disk attach web1 /a.img,raw,xvdb,w -q')).toEqual({
      ...{ exit: 0, stdout: '', stderr: '' },
    });
    await host.sleep(500);
    expect(await host.node(`${BACK}/state`)).toBe('4');
    expect(await kept(host)).toEqual(['xvdb']);
  });
});
