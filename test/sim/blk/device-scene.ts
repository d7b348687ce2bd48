/** The block backend's devices on the simulated host, with a xenstored of ours. */

import { createDevice, type Device, type DeviceHost } from '../../../drivers/blkback/device.ts';
import { prng } from '../../../shared/core/prng.ts';
import { fail, must, ok } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { XenstoreClient } from '../../../shared/xenstore/client.ts';
import { openXenstoreSession } from '../../../shared/xenstore/session.ts';
import { createSimXenstored, type Guest, type SimXenstored } from '../xenstored-host.ts';
import { filesOf } from './back-process.ts';
import { createFront, type Front } from './front.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';
import { createProcess } from './process.ts';
import { createStoreMeter, type StoreMeter } from './store-meter.ts';

export const DEVICE = 51712;

export interface Scene {
  readonly host: SimXenstored;
  readonly guest: Guest;
  /** The guest's own, as it has one ring for the store. */
  readonly client: XenstoreClient;
  readonly front: Front;
  readonly memory: MemoryDisk;
  /** What outlives a backend, by name. */
  readonly kept: ReadonlyMap<string, Region>;
  readonly back: string;
  readonly log: string[];
  /** What all of its backends ask of the store. */
  readonly store: StoreMeter;
  /** The backend's process dies, as SIGKILL makes it, and another one comes. */
  die(): void;
  /** What is behind the disk cannot be had now. */
  isAway: boolean;
  /** Turns of others that come before each of its own take so long. */
  turnsWaitMs: number;
  /** It takes until this has come. */
  opening: Promise<void>;
  /** How often it was opened, and closed. */
  opened: number;
  closed: number;
  close(isForGood: boolean): Promise<void>;
  /** What was opened last, by its toolstack's words. */
  params: string;
  /** A toolstack removes the device and makes it anew, of this, before anybody has seen that. */
  remake(params: string): Promise<void>;
  backState(): Promise<string>;
}

const backOf = ({ domid }: Guest): string => `/local/domain/0/backend/vbd/${domid}/${DEVICE}`;
const frontOf = ({ domid }: Guest): string => `/local/domain/${domid}/device/vbd/${DEVICE}`;

/** The nodes that a toolstack makes. */
async function makeNodes(
  { sim, tools }: SimXenstored,
  guest: Guest,
  more: Readonly<Record<string, number | string>>,
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
  { host, guest, memory, log, store }: Pick<Scene, 'host' | 'guest' | 'memory' | 'log' | 'store'>,
  journals: Map<string, Region>,
  behind: Pick<Scene, 'isAway' | 'opening' | 'opened' | 'closed' | 'params' | 'turnsWaitMs'>,
): { device: Device; kill: () => void } {
  const process = createProcess(host.sim.dom0);
  const { clock } = host.sim.dom0;
  const pages = (count: number): Region => must(host.sim.dom0.memory.pages(count));
  const session = openXenstoreSession({
    ...{ clock, deadlineMs: 5000, connect: async () => ok(store.on(host.stream())) },
  });
  const deviceHost: DeviceHost = {
    ...{ session, clock, events: process.events, grants: process.grants },
    rings: { queuesMax: 4, orderMax: 4 },
    uniqueId: () => 7n,
    isGone: () => false,
    soon: (run) => void clock.after(behind.turnsWaitMs, () => process.isAlive() && run()),
    openJournals: filesOf(journals).openJournals,
    openDisk: async ({ params }, _device, onDone) => {
      await behind.opening;
      if (behind.isAway) return fail('EBUSY', '/disk is in use');
      behind.opened++;
      behind.params = params;
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

export async function open(seed = 1, nodes: Readonly<Record<string, number>> = {}): Promise<Scene> {
  const host = createSimXenstored({ seed });
  must(host.daemon.start(undefined));
  const { sim, tools } = host;
  const guest = await host.addGuest();
  await makeNodes(host, guest, nodes);
  const memory = createMemoryDisk(prng(seed), new Uint8Array(1 << 20));
  const journals = new Map<string, Region>();
  const client = guest.client();
  const front = createFront(sim.platform(guest.domid), client, frontOf(guest));
  const back = backOf(guest);
  const store = createStoreMeter();
  const log: string[] = [];
  const parts = { host, guest, client, front, memory, back, kept: journals, log, store };
  const start = () => startProcess(parts, journals, scene);
  let running: ReturnType<typeof start> | undefined;
  const scene: Scene = {
    ...{
      ...parts,
      isAway: false,
      turnsWaitMs: 0,
      opening: Promise.resolve(),
      opened: 0,
      closed: 0,
    },
    params: '',
    remake: async (params) => {
      for (const path of [back, frontOf(guest)]) must(await sim.run(tools.rm(path)));
      await makeNodes(host, guest, { params });
    },
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
