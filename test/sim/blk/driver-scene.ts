/** A guest whose disk a driver domain serves, whose own disk dom0 serves; and their keeper. */

import type { OpenedDisk } from '../../../drivers/blkback/device.ts';
import { type OpenDisk, openDisks } from '../../../drivers/blkfront/disks.ts';
import type { KernelBus } from '../../../services/keeper/kernel-devices.ts';
import { keep } from '../../../services/keeper/service.ts';
import { keptJournals } from '../../../shared/backend/kept-journals.ts';
import { DOM0, type Domid } from '../../../shared/core/ids.ts';
import { prng } from '../../../shared/core/prng.ts';
import { fail, must, ok } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { XenstoreTransport } from '../../../shared/platform/xenstore.ts';
import { createSimXenstored, type Guest, type SimXenstored } from '../xenstored-host.ts';
import { createBackProcess, filesOf, type Process, serveIn } from './back-process.ts';
import { createFront, type Front } from './front.ts';
import { putGpt } from './gpt-bytes.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';

const DEVICE = 51712;
export const SECTORS = 4096;
/** The guest's is this one, where it has no whole disk. */
export const PART = { name: 'data', first: 512, last: 1023 };

const backOf = (self: Domid, { domid }: Guest): string =>
  `/local/domain/${self}/backend/vbd/${domid}/${DEVICE}`;
const frontOf = ({ domid }: Guest): string => `/local/domain/${domid}/device/vbd/${DEVICE}`;

/** The nodes that a toolstack makes. */
async function addDisk(host: SimXenstored, guest: Guest, self: Domid, params: string) {
  const { sim, tools } = host;
  const [back, front] = [backOf(self, guest), frontOf(guest)];
  const below = (top: string, nodes: Record<string, string | number>) =>
    Object.entries(nodes).map(([name, value]) => ({
      ...{ path: `${top}/${name}`, value: String(value) },
    }));
  const shared = (owner: Domid, other: Domid, access: 'r' | 'b') => ({
    permissions: [
      { domid: owner, access: 'n' as const },
      { domid: other, access },
    ],
  });
  const frontNodes = { backend: back, 'backend-id': self, state: 1 };
  const backNodes = {
    ...{ frontend: front, 'frontend-id': guest.domid, params, mode: 'w', online: 1, state: 1 },
  };
  const ownedBack =
    self === DOM0
      ? shared(DOM0, guest.domid, 'r')
      : {
          permissions: [
            { domid: DOM0, access: 'n' as const },
            { domid: self, access: 'b' as const },
            { domid: guest.domid, access: 'r' as const },
          ],
        };
  const list = [
    { path: front, value: '', ...shared(guest.domid, self, 'r') },
    ...below(front, frontNodes).map((n) => ({ ...n, ...shared(guest.domid, self, 'r') })),
    { path: back, value: '', ...ownedBack },
    ...below(back, backNodes).map((n) => ({ ...n, ...ownedBack })),
    ...below(`/libxl/${guest.domid}/device/vbd/${DEVICE}`, { backend: back, ...backNodes }),
  ];
  must(await sim.run(tools.writeAll(list)));
}

/** dom0's back end runs already. */
const NO_PROGRAM = { name: 'blkback', isRunning: () => true, run: async () => 'never' };

/** All devices are ours. */
const NO_BUS: KernelBus = {
  setAutoprobe: () => {},
  stateOf: () => 'bound',
  probe: () => {},
  unbind: () => {},
  load: async () => {},
};

export interface DriverScene {
  readonly host: SimXenstored;
  readonly guest: Guest;
  readonly front: Front;
  readonly memory: MemoryDisk;
  readonly back: string;
  readonly log: string[];
  /** Each is followed by another one at once. */
  driverDies(): void;
  upstreamDies(): void;
  /** The driver domain, which ends and comes again. */
  readonly driver: { kill(): void; start(): void };
  /** As SIGKILL does. */
  keeperDies(): void;
  /** `steps`: so many of its packets reach the store before it is killed; or it lives. */
  keeperStarts(steps?: number): KeeperRun;
}

export interface KeeperRun {
  isAlive(): boolean;
  /** It lives on. */
  spare(): void;
}

/** dom0's backend, on memory. */
function startUpstream(host: SimXenstored, memory: MemoryDisk, log: string[]) {
  const journals = new Map<string, Region>();
  const { dom0 } = host.sim;
  const start = () => {
    const process = createBackProcess(dom0, host.stream);
    const openDisk = async (_keys: unknown, _device: number, onDone: () => void) => {
      const step = (): void => {
        memory.step();
        onDone();
        process.clock.after(0.3, step);
      };
      process.clock.after(0.3, step);
      const pages = (count: number): Region => must(dom0.memory.pages(count));
      return ok({ io: memory.io, slab: pages(1024), lists: pages(2) });
    };
    const logLine = (line: string) => void log.push(`dom0: ${line}`);
    const kept = filesOf(journals);
    serveIn(process, DOM0, { openDisk, closeDisk: () => {}, ...kept, log: logLine });
    return process;
  };
  let running = start();
  return () => {
    running.kill();
    memory.abandon();
    running = start();
  };
}

/** The driver domain's, as main.stubdom.ts puts it together. */
function startDriver(host: SimXenstored, driver: Guest, log: string[]) {
  const platform = host.sim.platform(driver.domid);
  const start = () => {
    const process = createBackProcess(platform, host.stream);
    const logLine = (line: string) => void log.push(`driver: ${line}`);
    const { session, events, grants, clock } = process;
    const parts = { session, events, grants, clock, log: logLine };
    const disks = openDisks({ ...parts, domid: driver.domid });
    const opened = new Map<OpenedDisk, OpenDisk>();
    const { memory } = platform;
    serveIn(process, driver.domid, {
      log: logLine,
      ...keptJournals({ session, grants, memory, log: logLine }),
      openDisk: async ({ params }, _device, onDone) => {
        const asked = { target: params, isReadOnly: false, isShared: false, pages: 256 };
        const disk = await disks.open(asked, onDone);
        if (!disk.ok) return disk;
        const { io, data } = disk.value;
        const all = { io, slab: data.region, lists: must(platform.memory.pages(1)) };
        opened.set(all, disk.value);
        return ok(all);
      },
      closeDisk: (all) => disks.close(opened.get(all) as OpenDisk),
    });
    return process;
  };
  let running = start();
  return {
    kill: () => running.kill(),
    start: () => {
      running = start();
    },
  };
}

/** `sent` is told of all that is, after it. */
function watched(transport: XenstoreTransport, sent: () => void): XenstoreTransport {
  return {
    ...transport,
    write: (bytes) => {
      transport.write(bytes);
      sent();
    },
  };
}

function startKeeper(host: SimXenstored, log: string[], steps = Number.POSITIVE_INFINITY) {
  let [isAlive, left] = [true, steps];
  const kill = (): void => {
    if (!isAlive) return;
    isAlive = false;
    process.kill();
  };
  // What it has sent goes its way, and nobody hears the answer.
  const step = () => --left === 0 && void Promise.resolve().then(kill);
  const connect = () => watched(host.stream(), step);
  const process: Process = createBackProcess(host.sim.dom0, connect);
  const report = (line: string) => void log.push(`keeper: ${line}`);
  const backends = [{ kind: 'vbd', program: NO_PROGRAM, isAwaited: false }];
  const holdLink = () => fail('ENODEV', 'no vifs');
  keep({ ...process, log: report, backends, bus: NO_BUS, holdLink });
  const spare = (): void => {
    left = Number.POSITIVE_INFINITY;
  };
  return { kill, isAlive: () => isAlive, spare };
}

export async function openDriverScene(seed: number, params: string): Promise<DriverScene> {
  const host = createSimXenstored({ seed });
  must(host.daemon.start(undefined));
  const { sim } = host;
  const [driver, guest] = [await host.addGuest(), await host.addGuest()];
  const bytes = new Uint8Array(SECTORS * 512);
  putGpt(bytes, { partitions: [{ name: 'other', first: 64, last: 127 }, PART] });
  const memory = createMemoryDisk(prng(seed), bytes);
  const log: string[] = [];
  await addDisk(host, driver, DOM0, '/disk');
  await addDisk(host, guest, driver.domid, params);
  const upstreamDies = startUpstream(host, memory, log);
  must(await sim.run(host.tools.mkdir(`/local/domain/${driver.domid}/libxl`)));
  let keeper = startKeeper(host, log);
  const running = startDriver(host, driver, log);
  const driverDies = (): void => {
    running.kill();
    running.start();
  };
  const front = createFront(
    sim.platform(guest.domid),
    guest.client(),
    frontOf(guest),
    driver.domid,
  );
  const back = backOf(driver.domid, guest);
  return {
    ...{ host, guest, front, memory, back, log, driverDies, upstreamDies },
    driver: running,
    keeperDies: () => keeper.kill(),
    keeperStarts: (steps) => {
      keeper = startKeeper(host, log, steps);
      return keeper;
    },
  };
}

export async function untilBack({ host, back, log }: DriverScene, state: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const said = must(await host.sim.run(host.tools.readString(`${back}/state`)));
    if (said === state) return;
    if (tries === 1000) throw new Error(`not ${state} but ${said}:\n${log.join('\n')}`);
    await host.sim.run(host.sim.dom0.clock.sleep(5));
  }
}

export async function connected(scene: DriverScene): Promise<void> {
  const { sim } = scene.host;
  await untilBack(scene, '2');
  await sim.run(scene.front.offer());
  await sim.run(scene.front.setState(3));
  await untilBack(scene, '4');
  await sim.run(scene.front.setState(4));
}
