/** The block backend's devices on the simulated host, with a xenstored of ours. */

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

export const DEVICE = 51712;

export interface Scene {
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

export async function open(seed = 1, nodes: Readonly<Record<string, number>> = {}): Promise<Scene> {
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
export async function untilBack(scene: Scene, state: string): Promise<void> {
  for (let tries = 0; (await scene.backState()) !== state; tries++) {
    if (tries === 500) throw new Error(`not ${state}: ${await scene.backState()}; ${scene.log}`);
    await scene.host.sim.run(scene.host.sim.dom0.clock.sleep(1));
  }
}

export async function connected(scene: Scene): Promise<void> {
  const { sim } = scene.host;
  await untilBack(scene, '2');
  await sim.run(scene.front.offer());
  await sim.run(scene.front.setState(3));
  await untilBack(scene, '4');
  await sim.run(scene.front.setState(4));
}
