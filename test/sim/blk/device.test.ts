/** A disk from its nodes to its rings, on the simulated host with a xenstored of ours. */

import { expect, it } from 'vitest';
import { readCounters } from '../../../drivers/blkback/core/counters.ts';
import { createDevice, type Device, type DeviceHost } from '../../../drivers/blkback/device.ts';
import type { Port } from '../../../shared/core/ids.ts';
import { prng } from '../../../shared/core/prng.ts';
import { fail, must, ok } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { openXenstoreSession } from '../../../shared/xenstore/session.ts';
import { createSimXenstored, type Guest, type SimXenstored } from '../xenstored-host.ts';
import { createFront, type Front } from './front.ts';
import { regionOf } from './guest.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';

const DEVICE = 51712;

interface Scene {
  readonly host: SimXenstored;
  readonly guest: Guest;
  readonly front: Front;
  readonly memory: MemoryDisk;
  /** What outlives a backend, by name. */
  readonly kept: ReadonlyMap<string, Region>;
  readonly back: string;
  readonly log: string[];
  /** The backend's process dies, as SIGKILL makes it, and another one comes. */
  die(): void;
  /** What is behind the disk cannot be had now. */
  isAway: boolean;
  backState(): Promise<string>;
}

/** What a process holds: let go of by the kernel when it dies. */
function createProcess({ sim }: SimXenstored) {
  const { events, grants } = sim.dom0;
  const ports = new Set<Port>();
  const mappings = new Set<Region>();
  let isAlive = true;
  const live = <T>(value: T): T => {
    if (!isAlive) throw new Error('a dead process does something');
    return value;
  };
  return {
    events: {
      ...events,
      bindInterdomain: (...args: Parameters<typeof events.bindInterdomain>) => {
        const bound = live(events).bindInterdomain(...args);
        if (bound.ok) ports.add(bound.value);
        return bound;
      },
      close: (port: Port) => {
        ports.delete(port);
        live(events).close(port);
      },
    },
    grants: {
      ...grants,
      map: (...args: Parameters<typeof grants.map>) => {
        const mapped = live(grants).map(...args);
        if (mapped.ok) mappings.add(mapped.value);
        return mapped;
      },
      unmap: (region: Region) => {
        mappings.delete(region);
        live(grants).unmap(region);
      },
    },
    kill: () => {
      isAlive = false;
      for (const port of ports) events.close(port);
      for (const region of mappings) grants.unmap(region);
    },
    isAlive: () => isAlive,
  };
}

const backOf = ({ domid }: Guest): string => `/local/domain/0/backend/vbd/${domid}/${DEVICE}`;
const frontOf = ({ domid }: Guest): string => `/local/domain/${domid}/device/vbd/${DEVICE}`;

/** The nodes that a toolstack makes. */
async function makeNodes(
  { sim, tools }: SimXenstored,
  guest: Guest,
  more: Readonly<Record<string, number>>,
): Promise<void> {
  const { domid } = guest;
  const [back, path] = [backOf(guest), frontOf(guest)];
  const owned = { permissions: [{ domid, access: 'n' as const }] };
  const nodes = { frontend: path, 'frontend-id': domid, params: '/disk', mode: 'w', online: 1 };
  const all = { ...nodes, ...more };
  const list = [
    { path, value: '', ...owned },
    { path: `${path}/state`, value: '1', ...owned },
    ...Object.entries(all).map(([name, value]) => ({
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
  isAway: () => boolean,
): { device: Device; kill: () => void } {
  const process = createProcess(host);
  const { clock } = host.sim.dom0;
  const pages = (count: number): Region => must(host.sim.dom0.memory.pages(count));
  const session = openXenstoreSession({
    ...{ clock, deadlineMs: 5000, connect: async () => ok(host.stream()) },
  });
  const deviceHost: DeviceHost = {
    ...{ session, clock, events: process.events, grants: process.grants },
    uniqueId: () => 7n,
    isGone: () => false,
    soon: (run) => void clock.after(0, () => process.isAlive() && run()),
    openJournal: (name, count) => {
      const found = journals.get(name) ?? regionOf(count);
      journals.set(name, found);
      return ok(found);
    },
    openDisk: (_keys, onDone) => {
      if (isAway()) return fail('EBUSY', '/disk is in use');
      const step = (): void => {
        if (!process.isAlive()) return;
        memory.step();
        onDone();
        clock.after(0.1, step);
      };
      clock.after(0.1, step);
      return ok({ io: memory.io, slab: pages(1024), lists: pages(2) });
    },
    closeDisk: () => {},
    log: (line) => void log.push(line),
  };
  const kill = (): void => {
    process.kill();
    session.close();
    memory.abandon();
  };
  return { device: createDevice(deviceHost, backOf(guest), DEVICE), kill };
}

async function open(seed = 1, nodes: Readonly<Record<string, number>> = {}): Promise<Scene> {
  const host = createSimXenstored({ seed });
  must(host.daemon.start(undefined));
  const { sim, tools } = host;
  const guest = await host.addGuest();
  await makeNodes(host, guest, nodes);
  const memory = createMemoryDisk(prng(seed), new Uint8Array(1 << 20));
  const journals = new Map<string, Region>();
  const front = createFront(sim.platform(guest.domid), guest.client(), frontOf(guest));
  const back = backOf(guest);
  const parts = { host, guest, front, memory, back, log: [] as string[] };
  const start = () => startProcess(parts, journals, () => scene.isAway);
  let running: ReturnType<typeof start> | undefined;
  const scene: Scene = {
    ...{ ...parts, kept: journals, isAway: false },
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

it('that closes amid an operation is closed when that has ended', async () => {
  const scene = await open(8);
  const { front, host, memory } = scene;
  await connected(scene);
  front.data.region.bytes.fill(0x77);
  const { step } = memory;
  memory.step = () => {};
  front.put('write', 8);
  await host.sim.run(host.sim.dom0.clock.sleep(1));
  await host.sim.run(front.setState(5));
  await host.sim.run(host.sim.dom0.clock.sleep(10));
  expect(await scene.backState()).toBe('4');
  memory.step = step;
  await untilBack(scene, '5');
  expect(memory.bytes[8 * 512]).toBe(0x77);
});

it('that lies and comes again amid an operation waits until that has ended', async () => {
  const scene = await open(9);
  const { front, host, memory, guest } = scene;
  await connected(scene);
  const { step } = memory;
  memory.step = () => {};
  front.put('write', 8);
  await host.sim.run(host.sim.dom0.clock.sleep(1));
  front.ring.region.words[0] = 0x4000_0000;
  host.sim.platform(guest.domid).events.notify(front.port);
  await host.sim.run(host.sim.dom0.clock.sleep(1));
  expect(scene.log).toEqual([expect.stringContaining('impossible')]);
  for (const state of [5, 6, 1]) await host.sim.run(front.setState(state));
  await host.sim.run(host.sim.dom0.clock.sleep(50));
  // Else its memory were the next one's.
  expect(await scene.backState()).toBe('4');
  memory.step = step;
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

it('may do as much as its nodes say', async () => {
  const scene = await open(5, { 'xtl-rate-iops': 100 });
  const { front, host } = scene;
  await connected(scene);
  const { clock } = host.sim.dom0;
  const begun = clock.nowMs();
  for (let i = 0; i < 60; i++) expect(await host.sim.run(front.ask('read', 8 * i))).toBe(0);
  // Ten of them at once.
  expect(clock.nowMs() - begun).toBeGreaterThan(490);
  expect(clock.nowMs() - begun).toBeLessThan(700);
});

it('whose rate is none is not served', async () => {
  const scene = await open(6, { 'xtl-rate-bytes': -1 });
  await scene.host.sim.run(scene.host.sim.dom0.clock.sleep(100));
  expect(scene.log).toEqual([expect.stringContaining("'-1', no rate")]);
});

it('is counted on by the next backend', async () => {
  const scene = await open(7);
  const { front, host, kept, guest } = scene;
  await connected(scene);
  const read = () => {
    const page = kept.get(`vbd-${guest.domid}-${DEVICE}.stats`);
    return must(readCounters(page as Region));
  };
  for (let i = 0; i < 5; i++) await host.sim.run(front.ask('write', 8 * i));
  const before = read();
  expect(before.kinds.write).toEqual({ requests: 5, bytes: 5 * 4096, errors: 0 });
  expect(before).toMatchObject({ domid: guest.domid, uniqueId: 7n, device: DEVICE, repeated: 0 });
  // This frontend looks by itself, and asks for the first event only.
  expect(before.eventsSent).toBe(1);
  expect(before.eventsReceived).toBeGreaterThanOrEqual(5);
  scene.die();
  for (let i = 0; i < 5; i++) await host.sim.run(front.ask('read', 8 * i));
  const after = read();
  expect([after.kinds.write.requests, after.kinds.read.requests]).toEqual([5, 5]);
  expect(after.turns).toBeGreaterThan(before.turns);
});
