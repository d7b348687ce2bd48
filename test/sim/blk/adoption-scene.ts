/** A backend of many disks, all of one guest, whose successors are measured as they take over. */

import { equal } from 'node:assert/strict';
import { DOM0 } from '../../../shared/core/ids.ts';
import { prng } from '../../../shared/core/prng.ts';
import { must, ok } from '../../../shared/core/result.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { XenstoreClient } from '../../../shared/xenstore/client.ts';
import { createSimXenstored, type Guest, type SimXenstored } from '../xenstored-host.ts';
import { createBackProcess, filesOf, serveIn } from './back-process.ts';
import { createFront, type Front } from './front.ts';
import { createMemoryDisk, type MemoryDisk } from './memory-disk.ts';
import { createStoreMeter } from './store-meter.ts';

/** What one disk's adoption took. */
export interface Adoption {
  /** Round trips to the store, from when it was known to when it was served. */
  readonly trips: number;
  /** Of all before it, from the process's start on. */
  readonly tripsBefore: number;
  readonly line: string;
}

export interface Adopted {
  readonly adoptions: readonly Adoption[];
  /** Calls that map pages of the guest. */
  readonly mappings: number;
}

const numberOf = (i: number): number => 51712 + 16 * i;

interface Parts {
  readonly host: SimXenstored;
  readonly memories: readonly MemoryDisk[];
  readonly journals: Map<string, Region>;
}

/** A disk's nodes, and the guest's end of it. */
async function addDisk(
  { sim, tools }: SimXenstored,
  guest: Guest,
  client: XenstoreClient,
  i: number,
  ringPages: number,
): Promise<Front> {
  const { domid } = guest;
  const front = `/local/domain/${domid}/device/vbd/${numberOf(i)}`;
  const back = `/local/domain/0/backend/vbd/${domid}/${numberOf(i)}`;
  const nodes = { frontend: front, 'frontend-id': domid, params: '/disk', mode: 'w', online: 1 };
  const permissions = [{ domid, access: 'n' as const }];
  const list = [
    { path: front, value: '', permissions },
    { path: `${front}/state`, value: '1', permissions },
    ...Object.entries({ ...nodes, state: 1 }).map(([name, value]) => ({
      ...{ path: `${back}/${name}`, value: String(value) },
    })),
  ];
  must(await sim.run(tools.writeAll(list)));
  return createFront(sim.platform(domid), client, front, DOM0, ringPages);
}

/** A backend's process; `seen` is called with each disk that it takes over. */
function startBackend({ host, memories, journals }: Parts, seen: () => void) {
  const { dom0 } = host.sim;
  const meter = createStoreMeter();
  const process = createBackProcess(dom0, () => meter.on(host.stream()));
  const known = new Map<string, number>();
  const adoptions: Adoption[] = [];
  let mappings = 0;
  const map: typeof process.grants.map = (...args) => {
    mappings++;
    return process.grants.map(...args);
  };
  const log = (line: string): void => {
    const path = line.slice(0, line.indexOf(':'));
    if (line.endsWith(': served')) known.set(path, meter.trips);
    if (!line.includes('goes on after')) return;
    const tripsBefore = known.get(path) ?? 0;
    adoptions.push({ trips: meter.trips - tripsBefore, tripsBefore, line });
    seen();
  };
  const regions: Region[] = [];
  const pages = (count: number): Region => {
    const made = must(dom0.memory.pages(count));
    regions.push(made);
    return made;
  };
  serveIn({ ...process, grants: { ...process.grants, map } }, DOM0, {
    ...{ ...filesOf(journals), log, closeDisk: () => {} },
    openDisk: async (_keys, device, onDone) => {
      const memory = memories[(device - numberOf(0)) / 16] as MemoryDisk;
      const step = (): void => {
        memory.step();
        onDone();
        process.clock.after(0.3, step);
      };
      process.clock.after(0.3, step);
      return ok({ io: memory.io, slab: pages(256), lists: pages(1) });
    },
  });
  const kill = (): void => {
    process.kill();
    for (const each of regions) dom0.memory.unmap(each);
  };
  return { kill, adopted: (): Adopted => ({ adoptions, mappings }) };
}

/** `ringPages` of each disk's one ring. */
export async function openAdoption(disks: number, ringPages: number) {
  const host = createSimXenstored({ seed: disks });
  must(host.daemon.start(undefined));
  const { sim } = host;
  const guest = await host.addGuest();
  const client = guest.client();
  const fronts: Front[] = [];
  for (let i = 0; i < disks; i++) {
    fronts.push(await addDisk(host, guest, client, i, ringPages));
  }
  const memories = fronts.map((_, i) => createMemoryDisk(prng(i), new Uint8Array(1 << 18)));
  const parts: Parts = { host, memories, journals: new Map() };
  let running = startBackend(parts, () => {});

  /** Until all answer a read. */
  const ask = async (): Promise<void> => {
    for (const status of await sim.run(Promise.all(fronts.map((front) => front.ask('read', 8))))) {
      equal(status, 0);
    }
  };
  await sim.advance(100);
  for (const front of fronts) {
    await sim.run(front.offer());
    await sim.run(front.setState(3));
  }
  await ask();
  for (const front of fronts) await sim.run(front.setState(4));
  await sim.advance(50);
  return {
    /** The backend dies, and the next one has all disks answer; `seen` as it takes each. */
    die: async (seen: () => void = () => {}): Promise<Adopted> => {
      running.kill();
      for (const memory of memories) memory.abandon();
      running = startBackend(parts, seen);
      await ask();
      return running.adopted();
    },
  };
}
