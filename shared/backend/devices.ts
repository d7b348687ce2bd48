/** All devices of a kind that a domain serves: those that are there, and those that come and go. */

import { domid, isDomid } from '../core/ids.ts';
import type { XenstoreSession } from '../xenstore/session.ts';
import type { Device } from './device.ts';

export interface DevicesHost {
  readonly session: XenstoreSession;
  /** Who serves. */
  readonly self: number;
  /** So many at a time, of all guests together. */
  readonly devicesMax: number;
  /** Whether the device at `path` is ours to serve: the kernel has some. */
  isOurs(path: string): Promise<boolean>;
  /** There are devices at these paths alone: what is kept for others goes. */
  retainJournals(paths: readonly string[]): void;
  log(line: string): void;
}

export interface Devices {
  /** Serves no more, once what is under way has ended. What nodes say stays. */
  close(): Promise<void>;
}

type Create = (path: string, frontend: number, device: number) => Device;

interface State {
  readonly host: DevicesHost;
  readonly root: string;
  readonly create: Create;
  /** By path. */
  readonly devices: Map<string, Device>;
}

/** Decimal digits as toolstacks write them. */
const isNumber = (text: string | undefined): boolean =>
  text !== undefined && /^(0|[1-9][0-9]{0,9})$/.test(text);

/** The device that a path is of, or lies in. */
function deviceOf(root: string, path: string): string | undefined {
  const [frontend, device] = path.slice(root.length + 1).split('/');
  return isNumber(frontend) && isNumber(device) ? `${root}/${frontend}/${device}` : undefined;
}

/** All devices that there are; undefined: the store does not say. */
async function listed({ host: { session }, root }: State): Promise<string[] | undefined> {
  const names = async (path: string): Promise<readonly string[] | undefined> => {
    const found = await session.directory(path);
    if (found.ok) return found.value;
    return found.error.errno === 'ENOENT' ? [] : undefined;
  };
  const frontends = await names(root);
  const all: string[] = [];
  for (const frontend of frontends ?? []) {
    const devices = await names(`${root}/${frontend}`);
    if (devices === undefined) return undefined;
    for (const device of devices) {
      const path = deviceOf(root, `${root}/${frontend}/${device}`);
      if (path !== undefined) all.push(path);
    }
  }
  return frontends === undefined ? undefined : all;
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
  for (const path of found) {
    if (devices.has(path)) continue;
    const [frontend, device] = path
      .slice(root.length + 1)
      .split('/')
      .map(Number) as [number, number];
    if (!isDomid(frontend) || !(await host.isOurs(path))) continue;
    if (devices.size >= host.devicesMax) {
      host.log(`${path}: not served, there are ${host.devicesMax} already`);
      return;
    }
    host.log(`${path}: served`);
    devices.set(path, state.create(path, frontend, device));
  }
}

async function follow(state: State, watch: ReturnType<XenstoreSession['watch']>): Promise<void> {
  for await (const path of watch) {
    const device = deviceOf(state.root, path);
    const known = device === undefined ? undefined : state.devices.get(device);
    // A key of a device that is known: the device itself, when it goes, is no key.
    if (known !== undefined && path !== device) known.look();
    else await scan(state);
  }
}

/** Serves the devices of a kind (`vif`), of which `create` makes each. */
export function serveDevices(host: DevicesHost, kind: string, create: Create): Devices {
  const root = `/local/domain/${domid(host.self)}/backend/${kind}`;
  const state: State = { host, root, create, devices: new Map() };
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
