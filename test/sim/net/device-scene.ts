/** The network backend's vifs on the simulated host, with a xenstored of ours. */

import { COPIES_MAX, WAITING_PAGES } from '../../../drivers/netback/core/limits.ts';
import { createRoom } from '../../../drivers/netback/core/vif.ts';
import { type ServiceHost, serveVifs } from '../../../drivers/netback/service.ts';
import type { Devices } from '../../../shared/backend/devices.ts';
import { othersJournals } from '../../../shared/backend/journal-places.ts';
import { fail, must, ok } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { openXenstoreSession } from '../../../shared/xenstore/session.ts';
import { createProcess } from '../blk/process.ts';
import { createSimXenstored, type Guest, type SimXenstored } from '../xenstored-host.ts';
import { createFront, type Front, type FrontOptions } from './front.ts';
import { regionOf } from './guest.ts';
import { createMemoryLink, type MemoryLink } from './memory-link.ts';

export interface Scene {
  readonly host: SimXenstored;
  readonly guest: Guest;
  readonly front: Front;
  /** What is behind the vif. */
  readonly link: MemoryLink;
  /** What outlives a backend, by name. */
  readonly kept: Map<string, Region>;
  readonly back: string;
  readonly log: string[];
  /** All states that the backend's node has had. */
  readonly states: string[];
  /** What is behind it cannot be had now. */
  isAway: boolean;
  isGone: boolean;
  /** Until a turn that is asked for is taken. */
  turnMs: number;
  /** Nodes that the backend has read. */
  reads: number;
  /** How often it was opened, and closed: for a while, and for ever. */
  opened: number;
  readonly closed: ('for a while' | 'for ever')[];
  /** The backend's process dies, as SIGKILL makes it, and another one comes. */
  die(): void;
  close(): Promise<void>;
  /** Another guest's end of the same vif, as after kexec. */
  again(options?: FrontOptions): Front;
  /** Of the backend's own. */
  read(name: string): Promise<string | undefined>;
  /** As its toolstack. */
  tell(name: string, value: string): Promise<void>;
}

const DEVICE = 0;

/** The nodes that a toolstack makes. */
async function makeNodes(
  { sim, tools }: SimXenstored,
  { domid }: Guest,
  back: string,
  front: string,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const owned = { permissions: [{ domid, access: 'n' as const }] };
  const nodes = {
    frontend: front,
    'frontend-id': String(domid),
    online: '1',
    handle: '0',
    ...more,
  };
  const list = [
    { path: front, value: '', ...owned },
    { path: `${front}/state`, value: '1', ...owned },
    ...Object.entries(nodes).map(([name, value]) => ({ path: `${back}/${name}`, value })),
    { path: `${back}/state`, value: '1' },
  ];
  must(await sim.run(tools.writeAll(list)));
}

type Parts = Pick<Scene, 'host' | 'link' | 'kept' | 'log'>;

function startProcess({ host, link, kept, log }: Parts, scene: Scene) {
  const { dom0 } = host.sim;
  const process = createProcess(dom0);
  const { clock, memory } = dom0;
  const connect = async () => ok(host.stream());
  const opened = openXenstoreSession({ clock, deadlineMs: 5000, connect });
  const readString = (path: string) => {
    scene.reads++;
    return opened.readString(path);
  };
  const session = { ...opened, readString };
  const { events, grants } = process;
  const serviceHost: ServiceHost = {
    ...{ session, events, grants, self: 0, queuesMax: 4, hasScripts: true },
    clock: { ...clock, after: (ms, then) => clock.after(ms, () => process.isAlive() && then()) },
    room: createRoom({
      batch: must(grants.batch(COPIES_MAX)),
      ...{ events, pages: (count) => must(memory.pages(count)) },
    }),
    waitingMemory: () => must(memory.pages(WAITING_PAGES)),
    freeMemory: (region) => memory.unmap(region),
    soon: (run) => void clock.after(scene.turnMs, () => process.isAlive() && run()),
    uniqueId: () => 7n,
    isGone: () => scene.isGone,
    isOurs: async () => true,
    openLink: () => {
      if (scene.isAway) return fail('EBUSY', 'somebody has it');
      scene.opened++;
      return ok(link);
    },
    closeLink: (_link, _frontend, _device, isGone) =>
      void scene.closed.push(isGone ? 'for ever' : 'for a while'),
    openJournals: async (_path, places) =>
      ok(
        places.map(({ name, pages }) => {
          const found = kept.get(name) ?? regionOf(pages);
          kept.set(name, found);
          return found;
        }),
      ),
    retainJournals: (paths) => {
      for (const name of othersJournals('vif', kept.keys(), paths)) kept.delete(name);
    },
    log: (line) => void log.push(line),
  };
  const kill = (): void => {
    process.kill();
    opened.close();
    link.abandon();
  };
  return { service: serveVifs(serviceHost), kill };
}

export interface SceneOptions {
  readonly front?: FrontOptions;
  readonly nodes?: Readonly<Record<string, string>>;
}

export async function open(seed = 1, options: SceneOptions = {}): Promise<Scene> {
  const host = createSimXenstored({ seed });
  must(host.daemon.start(undefined));
  const { sim, tools } = host;
  const guest = await host.addGuest();
  const { domid } = guest;
  const back = `/local/domain/0/backend/vif/${domid}/${DEVICE}`;
  const path = `/local/domain/${domid}/device/vif/${DEVICE}`;
  await makeNodes(host, guest, back, path, options.nodes ?? {});
  const client = guest.client();
  const newFront = (of?: FrontOptions): Front => createFront(sim.platform(domid), client, path, of);
  const parts = { host, link: createMemoryLink(), kept: new Map(), log: [] as string[] };
  const states: string[] = [];
  void followStates(host, `${back}/state`, states);
  let running: { service: Devices; kill: () => void } | undefined;
  const scene: Scene = {
    ...{ ...parts, guest, back, states, front: newFront(options.front), again: newFront },
    ...{ isAway: false, isGone: false, turnMs: 0, reads: 0, opened: 0, closed: [] },
    die: () => {
      running?.kill();
      running = startProcess(parts, scene);
    },
    close: async () => {
      if (running !== undefined) await sim.run(running.service.close());
    },
    read: async (name) => {
      const value = await sim.run(tools.readString(`${back}/${name}`));
      return value.ok ? value.value : undefined;
    },
    tell: async (name, value) => void must(await sim.run(tools.write(`${back}/${name}`, value))),
  };
  running = startProcess(parts, scene);
  return scene;
}

async function followStates(host: SimXenstored, path: string, states: string[]): Promise<void> {
  const client = host.connect();
  const watch = must(await client.watch(path));
  for await (const _ of watch) {
    const state = await client.readString(path);
    const value = state.ok ? state.value : 'none';
    if (states.at(-1) !== value) states.push(value);
  }
}

export const pass = ({ host: { sim } }: Scene, ms: number): Promise<void> =>
  sim.run(sim.dom0.clock.sleep(ms));

/** Until the back end's node says so. */
export async function untilBack(scene: Scene, state: string): Promise<void> {
  for (let tries = 0; (await scene.read('state')) !== state; tries++) {
    if (tries === 500) {
      throw new Error(`not ${state}: ${await scene.read('state')}; ${scene.log.join('; ')}`);
    }
    await pass(scene, 1);
  }
}

/** As Linux's frontend: 4 directly (xen-netfront.c @ v6.12). */
export async function connected(scene: Scene, front = scene.front): Promise<void> {
  await untilBack(scene, '2');
  await scene.host.sim.run(front.offer(4));
  await untilBack(scene, '4');
}
