/** A disk from its nodes to its rings, on the simulated host with a xenstored of ours. */

import { expect, it } from 'vitest';
import { createDevice, type Device, type DeviceHost } from '../../../drivers/blkback/device.ts';
import { prng } from '../../../shared/core/prng.ts';
import { fail, must, ok } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { openXenstoreSession } from '../../../shared/xenstore/session.ts';
import { createSimXenstored, type Guest, type SimXenstored } from '../xenstored-host.ts';
import { filesOf } from './back-process.ts';
import { createFront, type Front } from './front.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';
import { createProcess } from './process.ts';

const DEVICE = 51712;

interface Scene {
  readonly host: SimXenstored;
  readonly guest: Guest;
  readonly front: Front;
  readonly memory: MemoryDisk;
  readonly back: string;
  readonly log: string[];
  /** The backend's process dies, as SIGKILL makes it, and another one comes. */
  die(): void;
  /** What is behind the disk cannot be had now. */
  isAway: boolean;
  /** It takes until this has come. */
  opening: Promise<void>;
  /** How often it was opened, and closed. */
  opened: number;
  closed: number;
  close(isForGood: boolean): Promise<void>;
  backState(): Promise<string>;
}

const backOf = ({ domid }: Guest): string => `/local/domain/0/backend/vbd/${domid}/${DEVICE}`;
const frontOf = ({ domid }: Guest): string => `/local/domain/${domid}/device/vbd/${DEVICE}`;

/** The nodes that a toolstack makes. */
async function makeNodes({ sim, tools }: SimXenstored, guest: Guest): Promise<void> {
  const { domid } = guest;
  const [back, path] = [backOf(guest), frontOf(guest)];
  const owned = { permissions: [{ domid, access: 'n' as const }] };
  const nodes = { frontend: path, 'frontend-id': domid, params: '/disk', mode: 'w', online: 1 };
  const list = [
    { path, value: '', ...owned },
    { path: `${path}/state`, value: '1', ...owned },
    ...Object.entries(nodes).map(([name, value]) => ({
      ...{ path: `${back}/${name}`, value: String(value) },
    })),
    { path: `${back}/state`, value: '1' },
  ];
  must(await sim.run(tools.writeAll(list)));
}

/** A backend's process, which serves the one disk. */
function startProcess(
  { host, guest, memory, log }: Pick<Scene, 'host' | 'guest' | 'memory' | 'log'>,
  journals: Map<string, Region>,
  behind: Pick<Scene, 'isAway' | 'opening' | 'opened' | 'closed'>,
): { device: Device; kill: () => void } {
  const process = createProcess(host.sim.dom0);
  const { clock } = host.sim.dom0;
  const pages = (count: number): Region => must(host.sim.dom0.memory.pages(count));
  const session = openXenstoreSession({
    ...{ clock, deadlineMs: 5000, connect: async () => ok(host.stream()) },
  });
  const deviceHost: DeviceHost = {
    ...{ session, clock, events: process.events, grants: process.grants },
    rings: { queuesMax: 4, orderMax: 4 },
    uniqueId: () => 7n,
    isGone: () => false,
    soon: (run) => void clock.after(0, () => process.isAlive() && run()),
    openJournals: filesOf(journals),
    openDisk: async (_keys, _device, onDone) => {
      await behind.opening;
      if (behind.isAway) return fail('EBUSY', '/disk is in use');
      behind.opened++;
      const step = (): void => {
        if (!process.isAlive()) return;
        memory.step();
        onDone();
        clock.after(0.1, step);
      };
      clock.after(0.1, step);
      return ok({ io: memory.io, slab: pages(1024), lists: pages(2) });
    },
    closeDisk: () => {
      behind.closed++;
    },
    log: (line) => void log.push(line),
  };
  const kill = (): void => {
    process.kill();
    session.close();
    memory.abandon();
  };
  return { device: createDevice(deviceHost, backOf(guest), DEVICE), kill };
}

async function open(seed = 1): Promise<Scene> {
  const host = createSimXenstored({ seed });
  must(host.daemon.start(undefined));
  const { sim, tools } = host;
  const guest = await host.addGuest();
  await makeNodes(host, guest);
  const memory = createMemoryDisk(prng(seed), new Uint8Array(1 << 20));
  const journals = new Map<string, Region>();
  const front = createFront(sim.platform(guest.domid), guest.client(), frontOf(guest));
  const back = backOf(guest);
  const parts = { host, guest, front, memory, back, log: [] as string[] };
  const start = () => startProcess(parts, journals, scene);
  let running: ReturnType<typeof start> | undefined;
  const scene: Scene = {
    ...{ ...parts, isAway: false, opening: Promise.resolve(), opened: 0, closed: 0 },
    close: async (isForGood) => running?.device.close(isForGood),
    backState: () => sim.run(tools.readString(`${back}/state`)).then(must),
    die: () => {
      running?.kill();
      running = start();
    },
  };
  running = start();
  return scene;
}

/** Until the back end's node says so. */
async function untilBack(scene: Scene, state: string): Promise<void> {
  for (let tries = 0; (await scene.backState()) !== state; tries++) {
    if (tries === 500) throw new Error(`not ${state}: ${await scene.backState()}; ${scene.log}`);
    await scene.host.sim.run(scene.host.sim.dom0.clock.sleep(1));
  }
}

async function connected(scene: Scene): Promise<void> {
  const { sim } = scene.host;
  await untilBack(scene, '2');
  await sim.run(scene.front.offer());
  await sim.run(scene.front.setState(3));
  await untilBack(scene, '4');
  await sim.run(scene.front.setState(4));
}

it('is offered, connected, and does what it is asked', async () => {
  const scene = await open();
  const { front, host, memory } = scene;
  await connected(scene);
  const size = await host.sim.run(host.tools.readString(`${scene.back}/sectors`));
  expect(must(size)).toBe('2048');
  front.data.region.bytes.fill(0x5a);
  expect(await host.sim.run(front.ask('write', 64))).toBe(0);
  expect(await host.sim.run(front.ask('flush', 0))).toBe(0);
  expect(memory.bytes[64 * 512]).toBe(0x5a);
  front.data.region.bytes.fill(0);
  expect(await host.sim.run(front.ask('read', 64))).toBe(0);
  expect(front.data.region.bytes[4095]).toBe(0x5a);
  expect(scene.log).toEqual([]);
});

it('whose backend dies is served on by the next, from the same rings', async () => {
  const scene = await open(2);
  const { front, host, memory } = scene;
  await connected(scene);
  for (let round = 1; round <= 8; round++) {
    front.data.region.bytes.fill(round);
    const asked = host.sim.run(front.ask('write', 8 * round));
    scene.die();
    expect(await asked).toBe(0);
    expect(memory.bytes[8 * round * 512]).toBe(round);
    expect(await scene.backState()).toBe('4');
  }
});

it('that closes and comes again is served anew', async () => {
  const scene = await open(3);
  const { front, host } = scene;
  await connected(scene);
  await host.sim.run(front.setState(5));
  await untilBack(scene, '5');
  await host.sim.run(front.setState(6));
  await untilBack(scene, '6');
  await host.sim.run(front.setState(1));
  await untilBack(scene, '2');
});

it('waits for what is behind it', async () => {
  const scene = await open(4);
  scene.isAway = true;
  await scene.host.sim.run(scene.host.sim.dom0.clock.sleep(1000));
  scene.isAway = false;
  await connected(scene);
  expect(await scene.host.sim.run(scene.front.ask('read', 0))).toBe(0);
});

it('that is gone while its disk is being opened does not wait for it, and closes it', async () => {
  const scene = await open(5);
  const { sim } = scene.host;
  let arrive = (): void => {};
  scene.die();
  scene.opening = new Promise((resolve) => {
    arrive = resolve;
  });
  await sim.run(sim.dom0.clock.sleep(100));
  const before = scene.opened;
  await sim.run(scene.close(true));
  expect([scene.opened, scene.closed]).toEqual([before, 0]);
  arrive();
  await sim.run(sim.dom0.clock.sleep(100));
  expect([scene.opened - before, scene.closed]).toEqual([1, 1]);
});

it('whose disk does not answer lets its guest go, and is opened anew for the next', async () => {
  const scene = await open(6);
  const { front, host, memory } = scene;
  const { sim } = host;
  await connected(scene);
  memory.isAway = true;
  void front.ask('write', 64);
  void front.ask('flush', 0);
  await sim.run(sim.dom0.clock.sleep(10));
  await sim.run(front.setState(5));
  await sim.run(sim.dom0.clock.sleep(3000));
  await untilBack(scene, '5');
  await sim.run(front.setState(6));
  await untilBack(scene, '6');
  expect([scene.opened, scene.closed]).toEqual([2, 1]);
  memory.isAway = false;
  await sim.run(front.setState(1));
  await untilBack(scene, '2');
});

it('that is not closed for good waits for its disk', async () => {
  const scene = await open(7);
  const { front, host, memory } = scene;
  const { sim } = host;
  await connected(scene);
  memory.isAway = true;
  front.data.region.bytes.fill(0x77);
  const asked = front.ask('write', 64);
  await sim.run(sim.dom0.clock.sleep(10));
  let isClosed = false;
  void scene.close(false).then(() => {
    isClosed = true;
  });
  await sim.run(sim.dom0.clock.sleep(5000));
  expect(isClosed).toBe(false);
  memory.isAway = false;
  expect(await sim.run(asked)).toBe(0);
  expect(memory.bytes[64 * 512]).toBe(0x77);
});
