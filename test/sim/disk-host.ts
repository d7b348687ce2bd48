/** A simulated host with a VM, the block backend as a process of dom0, and a guest's disks. */

import type { DeviceHost } from '../../drivers/blkback/device.ts';
import { createEmptyDrive } from '../../drivers/blkback/empty-drive.ts';
import { isOurDevice } from '../../drivers/blkback/moving.ts';
import { type Service, serveDisks } from '../../drivers/blkback/service.ts';
import { DOM0, domid } from '../../shared/core/ids.ts';
import { prng } from '../../shared/core/prng.ts';
import { fail, must, ok } from '../../shared/core/result.ts';
import type { Region } from '../../shared/platform/region.ts';
import { openXenstoreSession } from '../../shared/xenstore/session.ts';
import { type Machine, simMachine } from '../../toolstack-cli/testing/sim-host.ts';
import { filesOf } from './blk/back-process.ts';
import { createMemoryDisk, type MemoryDisk } from './blk/memory-disk.ts';
import { createProcess } from './blk/process.ts';
import { type GuestDisks, plugDisks } from './guest-disks.ts';

/** What an image may grow to here. */
const IMAGE_MAX = 8 << 20;

export interface DiskHost extends Machine {
  readonly log: string[];
  /** What the images hold, by path; those that there are lie in `written`. */
  readonly images: ReadonlyMap<string, Uint8Array>;
  readonly guest: GuestDisks;
  /** What outlives the backend's process, by name. */
  readonly journals: ReadonlyMap<string, Region>;
  /** The backend's process dies, as SIGKILL makes it. */
  killBackend(): void;
  startBackend(): void;
  /** From now on no operation of an image ends, or all that were begun do. */
  stall(isStalled: boolean): void;
  /** The value of a node; undefined: there is none. */
  node(path: string): Promise<string | undefined>;
  /** An image whose sectors begin with their number. */
  addImage(path: string, sectors: number, first?: number): void;
  sleep(ms: number): Promise<void>;
}

interface Parts {
  readonly machine: Machine;
  readonly log: string[];
  readonly images: Map<string, Uint8Array>;
  readonly journals: Map<string, Region>;
  isStalled: boolean;
}

/** An image as a disk that is as large as its file. */
function openImage({ machine, images }: Parts, path: string, seed: number): MemoryDisk | undefined {
  const file = () => machine.written.get(path)?.length;
  const bytes = images.get(path);
  const size = file();
  if (bytes === undefined || size === undefined) return undefined;
  const disk = createMemoryDisk(prng(seed), bytes, { sectors: size / 512 });
  const { io } = disk;
  const measure: typeof io.measure = (most) => {
    disk.sectors = (file() ?? 0) / 512;
    return io.measure(most);
  };
  return { ...disk, io: { ...io, measure } };
}

/** Opens disks for as long as a process lives. */
function openerOf(
  parts: Parts,
  isAlive: () => boolean,
): Pick<DeviceHost, 'openDisk' | 'closeDisk'> {
  const { memory, clock } = parts.machine.sim.dom0;
  const pages = (count: number): Region => must(memory.pages(count));
  const memories = () => ({ slab: pages(1024), lists: pages(2) });
  let seed = 1;
  return {
    openDisk: async ({ params }, _device, onDone) => {
      if (params === '') return ok({ io: createEmptyDrive(onDone), ...memories() });
      const disk = openImage(parts, params, seed++);
      if (disk === undefined) return fail('ENOENT', `cannot open ${params}: no such file`);
      const step = (): void => {
        if (!isAlive()) return;
        if (!parts.isStalled) disk.step();
        onDone();
        clock.after(0.1, step);
      };
      clock.after(0.1, step);
      return ok({ io: disk.io, ...memories() });
    },
    closeDisk: ({ slab, lists }) => {
      memory.unmap(slab);
      memory.unmap(lists);
    },
  };
}

function startProcess(parts: Parts): { readonly service: Service; kill(): void } {
  const { machine, log, journals } = parts;
  const { clock, domainControl } = machine.sim.dom0;
  const process = createProcess(machine.sim.dom0);
  const session = openXenstoreSession({
    ...{ clock, deadlineMs: 5000, connect: async () => ok(machine.connectStore()) },
  });
  const service = serveDisks({
    ...{ clock, session, self: DOM0, events: process.events, grants: process.grants },
    ...openerOf(parts, process.isAlive),
    uniqueId: () => 7n,
    isGone: (id) => !domainControl.getInfo(domid(id)).ok,
    rings: { queuesMax: 4, orderMax: 4 },
    isOurs: (path) => isOurDevice(session, path),
    soon: (run) => void clock.after(0, () => process.isAlive() && run()),
    ...filesOf(journals),
    log: (line) => void log.push(line),
  });
  const kill = (): void => {
    process.kill();
    session.close();
  };
  return { service, kill };
}

/** With the VM `web1`, domain 1, whose guest takes disks that come. */
export async function diskHost(disks: readonly string[] = []): Promise<DiskHost> {
  const machine = await simMachine();
  const { sim, xenstore, written } = machine;
  for (const path of ['/vm', '/libxl']) must(await sim.run(xenstore.mkdir(path)));
  const parts: Parts = {
    ...{ machine, log: [], images: new Map(), journals: new Map(), isStalled: false },
  };
  let running: ReturnType<typeof startProcess> | undefined;
  const host: Omit<DiskHost, 'guest'> = {
    ...{ ...machine, log: parts.log, images: parts.images, journals: parts.journals },
    killBackend: () => {
      running?.kill();
      running = undefined;
    },
    stall: (isStalled) => {
      parts.isStalled = isStalled;
    },
    startBackend: () => {
      running = startProcess(parts);
    },
    node: async (path) => {
      const value = await sim.run(xenstore.readString(path));
      return value.ok ? value.value : undefined;
    },
    addImage: (path, sectors, first = 0) => {
      const bytes = new Uint8Array(IMAGE_MAX);
      for (let i = 0; i < sectors; i++) bytes[i * 512] = first + i;
      parts.images.set(path, bytes);
      written.set(path, new Uint8Array(sectors * 512));
    },
    sleep: (ms) => sim.run(sim.dom0.clock.sleep(ms)),
  };
  host.startBackend();
  host.addImage('/a.img', 64, 10);
  host.addImage('/b.img', 128, 20);
  host.addImage('/c.iso', 32, 30);
  const list = disks.length === 0 ? '' : ` disk=[${disks.map((disk) => `"${disk}"`).join(',')}]`;
  const ran = await machine.xtl(`vm create vm.cfg -q${list}`);
  if (ran.exit !== 0) throw new Error(ran.stderr);
  const guest = plugDisks(machine, domid(1));
  await host.sleep(1000);
  if (guest.disks.size < disks.length) throw new Error(`not connected: ${parts.log}`);
  return { ...host, guest };
}
