/**
 * Linux's back end of disks, as far as one that goes on with a running disk is to be told from
 * ours: what it writes when it is bound, and that it writes nothing when it is not any more
 * (xen_blkbk_probe, connect and xen_blkbk_remove in xen-blkback/xenbus.c @ v6.12).
 */

import { type Connection, connect } from '../../drivers/blkback/connection.ts';
import { readDevice, readFront } from '../../drivers/blkback/keys.ts';
import type { KernelBus } from '../../services/keeper/kernel-devices.ts';
import { domid } from '../../shared/core/ids.ts';
import { prng } from '../../shared/core/prng.ts';
import { must } from '../../shared/core/result.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import { regionOf } from './blk/guest.ts';
import { createMemoryDisk } from './blk/memory-disk.ts';
import { createProcess } from './blk/process.ts';
import type { DiskHost } from './disk-host.ts';

export interface KernelBlkback {
  readonly bus: KernelBus;
  /** What it is asked for does not end, or does again. */
  isStalled: boolean;
  /** It is bound and serves nothing: as one that has found no disk. */
  isDeaf: boolean;
  /** How often it was bound, and let go. */
  bound: number;
  unbound: number;
}

const RINGS = { queuesMax: 4, orderMax: 4 };

export function createKernelBlkback(host: DiskHost): KernelBlkback {
  const { sim, images } = host;
  const { clock } = sim.dom0;
  const nodes = createXenstoreClient(host.connectStore());
  const { events, grants } = createProcess(sim.dom0);
  const states = new Map<string, 'free' | 'bound'>();
  const closed = new Set<Connection>();
  const served = new Map<string, Promise<Connection | undefined>>();

  const serve = async (device: string): Promise<Connection | undefined> => {
    const [, frontend, number] = device.split('-');
    const path = `/local/domain/0/backend/vbd/${frontend}/${number}`;
    must(await nodes.write(`${path}/state`, '2'));
    if (kernel.isDeaf) return undefined;
    const keys = must(await readDevice(nodes, path));
    const front = must(await readFront(nodes, keys.frontend, RINGS));
    const memory = createMemoryDisk(prng(9), images.get(keys.params) as Uint8Array);
    const pages = (count: number) => must(sim.dom0.memory.pages(count));
    const soon = (run: () => void) => void clock.after(0, run);
    // Without a journal: it goes on from what was answered.
    const kept = [...front.rings.map(() => regionOf(17)), regionOf(1)];
    const behind = { io: memory.io, slab: pages(1024), lists: pages(2) };
    const of = { domid: domid(keys.frontendId), uniqueId: 1n, device: Number(number) };
    const options = { ...behind, ...of, onError: 'report' as const, rate: undefined };
    const deaf = { report: () => {}, broken: () => {} };
    const parts = { events, grants, clock, soon };
    const connection = must(connect(parts, { ...options, ...deaf }, front, true, kept));
    const step = (): void => {
      if (!kernel.isStalled) memory.step();
      connection.wake();
      if (!closed.has(connection)) clock.after(0.1, step);
    };
    step();
    must(await nodes.write(`${path}/feature-persistent`, '1'));
    must(await nodes.write(`${path}/state`, '4'));
    return connection;
  };

  const bus: KernelBus = {
    setAutoprobe: () => {},
    stateOf: (device) => states.get(device) ?? 'free',
    load: async () => {},
    probe: (device) => {
      kernel.bound++;
      states.set(device, 'bound');
      served.set(device, serve(device));
    },
    unbind: (device) => {
      kernel.unbound++;
      states.set(device, 'free');
      // Its ports fall when the last of what is under way has ended.
      void served.get(device)?.then(async (connection) => {
        await connection?.close(false);
        if (connection !== undefined) closed.add(connection);
      });
    },
  };
  const kernel: KernelBlkback = { bus, isStalled: false, isDeaf: false, bound: 0, unbound: 0 };
  return kernel;
}
