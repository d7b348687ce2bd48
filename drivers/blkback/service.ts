/** All disks that a domain serves: those that are there, and those that come and go. */

import { domid, isDomid } from '../../shared/core/ids.ts';
import { DECIDING_NODES } from '../../shared/xenbus/served-by.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { DEVICES_MAX } from './core/limits.ts';
import { createDevice, type Device, type DeviceHost } from './device.ts';

/** Memory that outlives a backend. */
export interface JournalsHost extends Pick<DeviceHost, 'openJournals' | 'renewJournals'> {
  /** There are devices at these paths alone: what is kept for others goes. */
  retainJournals(paths: readonly string[]): void;
}

export interface ServiceHost extends DeviceHost, JournalsHost {
  /** Who serves. */
  readonly self: number;
  /**
   * Whether the device at `path` is ours to serve, or is to be: the kernel has some. Undefined: the
   * store does not say.
   */
  isOurs(path: string): Promise<boolean | undefined>;
}

export interface Service {
  /**
   * Serves no more, once what is under way has ended: with a server that is away that may take any
   * time, and what is left then is in the journals. What nodes say stays.
   */
  close(): Promise<void>;
}

interface State {
  readonly host: ServiceHost;
  readonly root: string;
  /** By path. */
  readonly devices: Map<string, Device>;
}

/** Decimal digits as toolstacks write them. */
function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : undefined;
}

/** The device that a path is of, or lies in. */
function deviceOf({ root }: State, path: string): string | undefined {
  const [frontend, device] = path.slice(root.length + 1).split('/');
  if (numberIn(frontend) === undefined || numberIn(device) === undefined) return undefined;
  return `${root}/${frontend}/${device}`;
}

/** All devices that there are; undefined: the store does not say. */
async function listed({ host: { session }, root }: State): Promise<string[] | undefined> {
  const names = async (path: string): Promise<readonly string[] | undefined> => {
    const found = await session.directory(path);
    if (found.ok) return found.value;
    return found.error.errno === 'ENOENT' ? [] : undefined;
  };
  const frontends = await names(root);
  if (frontends === undefined) return undefined;
  const all = await Promise.all(
    frontends.map(async (frontend) => {
      const devices = await names(`${root}/${frontend}`);
      return devices?.map((device) => deviceOf({ root } as State, `${root}/${frontend}/${device}`));
    }),
  );
  // What cannot be read is not taken for gone.
  if (all.includes(undefined)) return undefined;
  return all.flat().filter((path) => path !== undefined);
}

async function scan(state: State): Promise<void> {
  const { host, devices, root } = state;
  const found = await listed(state);
  if (found === undefined) return;
  for (const [path, device] of devices) {
    if (found.includes(path)) continue;
    devices.delete(path);
    host.log(`${path}: gone`);
    await device.close(true);
  }
  host.retainJournals(found);
  const others = found.filter((path) => !devices.has(path));
  // All together: each takes a round trip to the store.
  const areOurs = await Promise.all(others.map((path) => host.isOurs(path)));
  for (const [i, path] of others.entries()) {
    const [frontend, device] = path
      .slice(root.length + 1)
      .split('/')
      .map(Number) as [number, number];
    if (!isDomid(frontend) || areOurs[i] !== true) continue;
    if (devices.size >= DEVICES_MAX) {
      host.log(`${path}: not served, there are ${DEVICES_MAX} already`);
      return;
    }
    host.log(`${path}: served`);
    devices.set(path, createDevice(host, path, device));
  }
}

/** It may be no longer ours: whoever serves it now is told by its nodes alone. */
async function reconsider(state: State, path: string, device: Device): Promise<void> {
  const isOurs = await state.host.isOurs(path);
  if (isOurs !== false) return device.look();
  state.devices.delete(path);
  state.host.log(`${path}: no longer ours`);
  await device.close(false);
}

async function follow(state: State, watch: ReturnType<XenstoreSession['watch']>): Promise<void> {
  for await (const path of watch) {
    const device = deviceOf(state, path);
    const known = device === undefined ? undefined : state.devices.get(device);
    // A key of a device that is known: the device itself, when it goes, is no key.
    if (known === undefined || device === undefined || path === device) await scan(state);
    else if (DECIDING_NODES.includes(path.slice(device.length + 1))) {
      await reconsider(state, device, known);
    } else known.look();
  }
}

export function serveDisks(host: ServiceHost): Service {
  const root = `/local/domain/${domid(host.self)}/backend/vbd`;
  const state: State = { host, root, devices: new Map() };
  const watch = host.session.watch(root);
  const following = follow(state, watch);
  return {
    close: async () => {
      await watch.return();
      await following;
      await Promise.all([...state.devices.values()].map((device) => device.close(false)));
      state.devices.clear();
    },
  };
}
