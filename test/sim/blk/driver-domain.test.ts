/** A guest whose disk a driver domain serves, whose own disk dom0 serves. */

import { expect, it } from 'vitest';
import type { OpenedDisk } from '../../../drivers/blkback/device.ts';
import { type OpenDisk, openDisks } from '../../../drivers/blkfront/disks.ts';
import type { KernelBus } from '../../../services/keeper/kernel-devices.ts';
import { keep } from '../../../services/keeper/service.ts';
import { keptJournals } from '../../../shared/backend/kept-journals.ts';
import { DOM0, type Domid } from '../../../shared/core/ids.ts';
import { prng } from '../../../shared/core/prng.ts';
import { fail, must, ok } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { createSimXenstored, type Guest, type SimXenstored } from '../xenstored-host.ts';
import { createBackProcess, filesOf, serveIn } from './back-process.ts';
import { createFront, type Front } from './front.ts';
import { putGpt } from './gpt-bytes.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';

const DEVICE = 51712;
const SECTORS = 4096;
const PART = { name: 'data', first: 512, last: 1023 };

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

interface Scene {
  readonly host: SimXenstored;
  readonly guest: Guest;
  readonly front: Front;
  readonly memory: MemoryDisk;
  readonly back: string;
  readonly log: string[];
  driverDies(): void;
  upstreamDies(): void;
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
        process.clock.after(0.1, step);
      };
      process.clock.after(0.1, step);
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
    const { session, events, grants } = process;
    const disks = openDisks({ session, events, grants, log: logLine, domid: driver.domid });
    const opened = new Map<OpenedDisk, OpenDisk>();
    const { memory } = platform;
    serveIn(process, driver.domid, {
      log: logLine,
      ...keptJournals('vbd', { session, grants, memory, log: logLine }),
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
  return () => {
    running.kill();
    running = start();
  };
}

async function open(seed: number, params: string): Promise<Scene> {
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
  const kept = createBackProcess(sim.dom0, host.stream);
  const keeperLog = (line: string) => void log.push(`keeper: ${line}`);
  const backends = [{ kind: 'vbd', program: NO_PROGRAM, isAwaited: false }];
  const holdLink = () => fail('ENODEV', 'no vifs');
  keep({ ...kept, log: keeperLog, backends, bus: NO_BUS, holdLink });
  const driverDies = startDriver(host, driver, log);
  const front = createFront(
    sim.platform(guest.domid),
    guest.client(),
    frontOf(guest),
    driver.domid,
  );
  const back = backOf(driver.domid, guest);
  return { host, guest, front, memory, back, log, driverDies, upstreamDies };
}

async function untilBack({ host, back, log }: Scene, state: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const said = must(await host.sim.run(host.tools.readString(`${back}/state`)));
    if (said === state) return;
    if (tries === 1000) throw new Error(`not ${state} but ${said}:\n${log.join('\n')}`);
    await host.sim.run(host.sim.dom0.clock.sleep(5));
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

it.each([
  ['xvda', 0, SECTORS],
  ['xvda2', PART.first, PART.last - PART.first + 1],
  ['xvda:data', PART.first, PART.last - PART.first + 1],
])('is served %s', async (params, first, sectors) => {
  const scene = await open(1, params);
  const { host, front, memory } = scene;
  await connected(scene);
  const size = await host.sim.run(host.tools.readString(`${scene.back}/sectors`));
  expect(must(size)).toBe(String(sectors));
  front.data.region.bytes.fill(0x5a);
  expect(await host.sim.run(front.ask('write', 96))).toBe(0);
  expect(await host.sim.run(front.ask('flush', 0))).toBe(0);
  expect([memory.bytes[(first + 96) * 512], memory.flushes]).toEqual([0x5a, 1]);
  front.data.region.bytes.fill(0);
  expect(await host.sim.run(front.ask('read', 96))).toBe(0);
  expect(front.data.region.bytes[4095]).toBe(0x5a);
  // The last page, and one that is not wholly there.
  expect(await host.sim.run(front.ask('write', sectors - 8))).toBe(0);
  expect(await host.sim.run(front.ask('write', sectors - 7))).toBe(-1);
});

it.each([
  ['xvdb', 'this domain has no disk xvdb'],
  ['xvda7', 'xvda has no partition 7'],
  ['xvda:none', 'xvda has no partition ‘none’'.replace(/[‘’]/g, "'")],
  ['/etc/passwd', 'names no disk of a driver domain'],
])('is told why not: %s', async (params, why) => {
  const scene = await open(2, params);
  await scene.host.sim.run(scene.host.sim.dom0.clock.sleep(3000));
  expect(scene.log.join('\n')).toContain(why);
  const [, , , self, ...rest] = scene.back.split('/');
  const error = `/local/domain/${self}/error/${rest.join('/')}/error`;
  const said = await scene.host.sim.run(scene.host.tools.readString(error));
  expect(must(said)).toContain(why);
});

it.each([
  ['the driver domain', 'driverDies' as const],
  ['dom0’s backend', 'upstreamDies' as const],
])('does not notice that %s dies', async (_, dies) => {
  for (let seed = 10; seed < 16; seed++) {
    const random = prng(seed);
    const scene = await open(seed, 'xvda:data');
    const { front, host, memory } = scene;
    await connected(scene);
    for (let round = 1; round <= 6; round++) {
      front.data.region.bytes.fill(round);
      const asked = host.sim.run(front.ask('write', 8 * round));
      await host.sim.advance(random.below(30) / 10);
      scene[dies]();
      expect(await asked).toBe(0);
      expect(memory.bytes[(PART.first + 8 * round) * 512]).toBe(round);
      await untilBack(scene, '4');
    }
    expect(scene.log.filter((line) => /outlive|keeper/.test(line))).toEqual([
      'keeper: blkback: runs already, and is watched',
    ]);
  }
});
