/** A vif of a driver domain's own, from its nodes on, on the simulated host. */

import { expect, it } from 'vitest';
import { openUplink, type UplinkDevice } from '../../../drivers/netfront/device.ts';
import { gref } from '../../../shared/core/ids.ts';
import { prng } from '../../../shared/core/prng.ts';
import { must, type Result } from '../../../shared/core/result.ts';
import { createBackProcess, type Process } from '../blk/back-process.ts';
import { type Scene as BackScene, open as openBack, pass, untilBack } from './device-scene.ts';
import { someFrame, unknown } from './frames.ts';
import { regionOf } from './guest.ts';
import { plain } from './memory-link.ts';

interface Scene extends BackScene {
  readonly path: string;
  readonly log: string[];
  readonly told: string[];
  process: Process;
  device: UplinkDevice | undefined;
}

const memory = regionOf(40);
const lengths = new Uint32Array(1);

type Nodes = Readonly<Record<string, string>>;

/** What a toolstack makes besides, and the domain's front end, after `before`. */
async function open(
  seed: number,
  { back = {}, front = {}, before }: Partial<{ back: Nodes; front: Nodes; before: Before }> = {},
): Promise<Scene> {
  const scene = await openBack(seed, { nodes: back });
  const { sim, tools } = scene.host;
  const path = `/local/domain/${scene.guest.domid}/device/vif/0`;
  const nodes = { backend: scene.back, 'backend-id': '0', mac: '00:16:3e:0:0:1', ...front };
  const list = Object.entries(nodes).map(([name, value]) => ({ path: `${path}/${name}`, value }));
  must(await sim.run(tools.writeAll(list)));
  await before?.(scene);
  const whole = Object.assign(scene, { path, told: [] as string[], device: undefined });
  return Object.assign(whole, { process: start(whole) });
}
type Before = (scene: BackScene) => Promise<void>;

function start(scene: Omit<Scene, 'process'>): Process {
  const { host, guest, path, told } = scene;
  const process = createBackProcess(host.sim.platform(guest.domid), host.stream);
  const { session, events, grants } = process;
  const parts = { session, events, grants, log: (line: string) => void told.push(line) };
  void openUplink(parts, path).then((opened: Result<UplinkDevice>) => {
    if (opened.ok) scene.device = opened.value;
    else told.push(opened.error.what);
  });
  return process;
}

const read = async ({ host }: Scene, path: string): Promise<string | undefined> => {
  const value = await host.sim.run(host.tools.readString(path));
  return value.ok ? value.value : undefined;
};
const frontState = (scene: Scene) => read(scene, `${scene.path}/state`);

async function until(scene: Scene, what: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; !(await what()); tries++) {
    if (tries === 500) throw new Error([...scene.log, ...scene.told].join('\n'));
    await pass(scene, 1);
  }
}

/** A frame each way. */
async function passes(scene: Scene, seed: number): Promise<void> {
  const { device, link } = scene;
  if (device === undefined) throw new Error('there is no link');
  const [out, into] = [1, 2].map((i) => plain(someFrame(prng(seed * i), 9000 + i)));
  memory.bytes.set(out as Uint8Array);
  link.sent.length = 0;
  expect(device.link.tx(0, memory, 0, 9011)).toBe(true);
  device.link.submit();
  let isTold = false;
  device.link.want(0, () => {
    isTold = true;
  });
  link.receive(into as Uint8Array);
  await until(scene, () => link.sent.length > 0 && isTold);
  expect(device.link.rx(0, memory, 0, 18 * 4096, lengths, 1)).toBe(1);
  expect(Buffer.compare(link.sent[0] as Uint8Array, out as Uint8Array)).toBe(0);
  expect(Buffer.compare(memory.bytes.subarray(0, lengths[0]), into as Uint8Array)).toBe(0);
}

const connected = (scene: Scene) => until(scene, () => scene.device !== undefined);

it.each(['1', '0'])('is connected, and passes frames: split channels %s', async (split) => {
  const before: Before = async (scene) => {
    await untilBack(scene, '2');
    await scene.tell('feature-split-event-channels', split);
  };
  const scene = await open(1, { before, front: { mtu: '9000', 'event-channel-tx': '77' } });
  await connected(scene);
  expect(scene.device?.link).toMatchObject({ mtu: 9000, queues: 1 });
  expect([...(scene.device?.link.mac ?? [])]).toEqual([0, 0x16, 0x3e, 0, 0, 1]);
  expect(scene.states).toEqual(['1', '2', '4']);
  const channel = (name: string) => read(scene, `${scene.path}/event-channel${name}`);
  const names = split === '1' ? ['-tx', '-rx'] : [''];
  for (const name of ['', '-tx', '-rx']) {
    expect((await channel(name)) !== undefined).toBe(names.includes(name));
  }
  for (let i = 0; i < 5; i++) await passes(scene, i);
});

it('waits for the script of its back end, and uses its rings only then', async () => {
  const scene = await open(2, { back: { 'hotplug-status': '' } });
  await until(scene, async () => (await frontState(scene)) === '4');
  await pass(scene, 200);
  expect([scene.device, scene.states]).toEqual([undefined, ['1', '2']]);
  await scene.tell('hotplug-status', 'connected');
  await connected(scene);
  await passes(scene, 2);
});

it('does not notice that its back end dies and goes on', async () => {
  for (let seed = 3; seed < 6; seed++) {
    const scene = await open(seed);
    await connected(scene);
    const random = prng(seed);
    for (let round = 0; round < 5; round++) {
      memory.bytes.set(plain(unknown([1])));
      scene.device?.link.tx(0, memory, 0, 25);
      scene.device?.link.submit();
      scene.link.receive(plain(unknown([2])));
      await pass(scene, random.below(3));
      scene.die();
      await pass(scene, 100);
      while (scene.device?.link.rx(0, memory, 0, 18 * 4096, lengths, 1) === 1);
      await passes(scene, round);
    }
    expect(scene.told).toHaveLength(1);
    expect(scene.states).toEqual(['1', '2', '4']);
  }
});

it.each(['2', '5', '6'])('is connected again with a back end that goes to %s', async (state) => {
  const scene = await open(7);
  const { host, guest } = scene;
  await connected(scene);
  await passes(scene, 1);
  /** What the domain holds: pages, grants that are mapped, ports. */
  const held = () => host.sim.leaks().filter((line) => line.startsWith(`d${guest.domid} `));
  const before = held();
  expect(before.length).toBeGreaterThan(4);
  for (let round = 0; round < 4; round++) {
    const times = scene.told.length;
    await scene.tell('state', state);
    await until(scene, () => scene.told.length > times);
    // Another one comes, which knows of nothing.
    await pass(scene, 50);
    scene.kept.clear();
    scene.die();
    await pass(scene, 100);
    // Buffers that may have been written to have come back.
    expect(scene.device?.link.rx(0, memory, 0, 18 * 4096, lengths, 1)).toBe(0);
    await passes(scene, round);
  }
  expect(new Set(scene.told)).toEqual(new Set([`${scene.path}: connected`]));
  expect(held()).toHaveLength(before.length);
});

it('asks a back end to close that served a domain before it', async () => {
  const before: Before = async (scene) => {
    await untilBack(scene, '2');
    await scene.host.sim.run(scene.front.offer(4));
    await untilBack(scene, '4');
  };
  const scene = await open(8, { before });
  await connected(scene);
  await passes(scene, 3);
  expect(scene.states.slice(0, 4)).toEqual(['1', '2', '4', '5']);
  expect(scene.states.at(-1)).toBe('4');
});

it('does not come back to a vif that is to go', async () => {
  const scene = await open(9);
  await connected(scene);
  await scene.tell('online', '0');
  await scene.tell('state', '5');
  await until(scene, async () => (await frontState(scene)) === '6');
  await pass(scene, 100);
  expect(await frontState(scene)).toBe('6');
  expect(scene.device?.link.tx(0, memory, 0, 60)).toBe(false);
});

/** The back end's view of the ring of what is received: an index that cannot be. */
async function lie(scene: Scene): Promise<void> {
  const { host, path, guest } = scene;
  const ref = Number(await read(scene, `${path}/rx-ring-ref`));
  const { grants } = host.sim.dom0;
  const ring = must(grants.map(guest.domid, [gref(ref)], 'rw'));
  ring.words[2] = 0x7000_0000;
  grants.unmap(ring);
  scene.device?.link.want(0, () => void scene.device?.link.rx(0, memory, 0, 18 * 4096, lengths, 1));
}

it('a back end that lies is closed with the reason, and has eight chances more', async () => {
  const scene = await open(10);
  await connected(scene);
  const { guest } = scene;
  const error = `/local/domain/${guest.domid}/error/device/vif/0/error`;
  const why = 'the back end lies: the indices of the ring of what is received are impossible';
  const connections = () => scene.told.filter((line) => line.endsWith('connected')).length;
  for (let times = 1; times <= 8; times++) {
    await lie(scene);
    await until(scene, () => connections() === times + 1);
    expect(await read(scene, error)).toBe(why);
    await passes(scene, times);
  }
  expect(scene.states.slice(0, 4)).toEqual(['1', '2', '4', '5']);
  await lie(scene);
  await until(scene, async () => (await frontState(scene)) === '6');
  await pass(scene, 300);
  expect(await frontState(scene)).toBe('6');
  expect(connections()).toBe(9);
  expect(scene.told.at(-1)).toContain('once too often');
});

it.each<[string, Nodes, string]>([
  ['an address that is none', { mac: 'none' }, 'mac is no address'],
  ['an mtu that is none', { mtu: '67' }, "mtu is '67'"],
  ['a back end that is nobody', { 'backend-id': 'x' }, "backend-id: 'x'"],
])('is told why not: %s', async (_, front, what) => {
  const scene = await open(11, { front });
  await until(scene, () => scene.told.length > 0);
  expect(scene.told[0]).toContain(what);
});

it('does not begin with a back end that flips pages', async () => {
  const before: Before = async (scene) => {
    await untilBack(scene, '2');
    await scene.tell('feature-rx-copy', '0');
  };
  const scene = await open(12, { before });
  await until(scene, () => scene.told.length > 0);
  expect(scene.told[0]).toContain('copies no frames');
  expect(await frontState(scene)).toBe('1');
});
