/** What the keeper keeps: journals for driver domains, and dom0's own back ends alive. */

import { DOM0, isDomid } from '../../shared/core/ids.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { type Journals, type JournalsHost, keepJournals } from './journals.ts';
import { type KernelBus, keepKernelDevices } from './kernel-devices.ts';
import { takeOver } from './owner.ts';
import { removeIfOver } from './removal.ts';
import { type Program, type Supervisor, supervise } from './supervise.ts';

export interface KeeperHost extends JournalsHost {
  readonly session: XenstoreSession;
  readonly clock: Clock;
  /** dom0's back end of disks. */
  readonly blkback: Program;
  /** Whether that is wanted from the start: there will be a disk in a moment. */
  readonly isAwaited: boolean;
  readonly bus: KernelBus;
}

export interface Keeper {
  /** Keeps no more. What runs goes on; the journals of driver domains go. */
  close(): Promise<void>;
}

const DEVICE_DEPTH = 2;

/** `/local/domain/3/backend/vbd/5/51712`, from a path below it. */
function deviceOf(root: string, path: string): string | undefined {
  const names = path.slice(root.length + 1).split('/');
  const device = names.slice(0, DEVICE_DEPTH);
  if (device.length < DEVICE_DEPTH || !device.every((name) => /^[0-9]{1,10}$/.test(name))) return;
  return `${root}/${device.join('/')}`;
}

async function names(session: XenstoreSession, path: string): Promise<readonly string[]> {
  const found = await session.directory(path);
  return found.ok ? found.value : [];
}

/** All devices below a back end's directory. */
async function devicesBelow(session: XenstoreSession, root: string): Promise<string[]> {
  const all: string[] = [];
  for (const frontend of await names(session, root)) {
    for (const device of await names(session, `${root}/${frontend}`)) {
      const path = deviceOf(root, `${root}/${frontend}/${device}`);
      if (path !== undefined) all.push(path);
    }
  }
  return all;
}

type Watch = ReturnType<XenstoreSession['watch']>;

/** Follows what one driver domain serves, to its end. */
async function followDriver(host: KeeperHost, journals: Journals, self: number, watch: Watch) {
  const root = `/local/domain/${self}/backend/vbd`;
  const known = () => [...journals.kept.keys()].filter((path) => path.startsWith(`${root}/`));
  for await (const path of watch) {
    const device = deviceOf(root, path);
    const all = device === undefined ? await devicesBelow(host.session, root) : [device];
    const those = device === undefined ? [...all, ...known()] : all;
    for (const each of new Set(those)) {
      await journals.look(self, each);
      await removeIfOver(host.session, each);
    }
    await takeOver(host.session, self, path);
  }
  for (const each of known()) await journals.look(self, each);
}

/** Follows which domains serve devices: tools act on theirs in the directory `libxl`. */
async function followDomains(host: KeeperHost, journals: Journals, watches: readonly Watch[]) {
  const { session } = host;
  const drivers = new Map<number, Watch>();
  const look = async (): Promise<void> => {
    const found = await session.directory('/local/domain');
    // A store that stands still looks like no missing domain.
    if (!found.ok) return;
    const all = found.value.map(Number);
    for (const self of all.filter((each) => isDomid(each) && each !== DOM0)) {
      if (drivers.has(self)) continue;
      const isDriver = await session.exists(`/local/domain/${self}/libxl`);
      if (!isDriver.ok || !isDriver.value) continue;
      const watch = session.watch(`/local/domain/${self}/backend/vbd`);
      drivers.set(self, watch);
      void followDriver(host, journals, self, watch);
    }
    for (const [self, watch] of drivers) {
      // One that comes again has its directory of back ends meanwhile.
      if (all.includes(self)) continue;
      drivers.delete(self);
      await watch.return();
    }
  };
  await Promise.all(
    watches.map(async (watch) => {
      for await (const _ of watch) await look();
    }),
  );
  for (const watch of drivers.values()) await watch.return();
}

const OWN = `/local/domain/${DOM0}/backend`;

/** Follows what dom0 serves: its disks want our back end, and all else the kernel's. */
async function followOwn(host: KeeperHost, blkback: Supervisor, watch: Watch): Promise<void> {
  const { session } = host;
  const kernel = keepKernelDevices(host);
  for await (const path of watch) {
    const [named] = path.slice(OWN.length + 1).split('/');
    const kinds = named ? [named] : await names(session, OWN);
    for (const kind of kinds) {
      const root = `${OWN}/${kind}`;
      const one = deviceOf(root, path);
      const devices = one === undefined ? await devicesBelow(session, root) : [one];
      if (kind === 'vbd' && devices.length > 0) blkback.want();
      for (const device of devices) {
        const [frontend = '', number = ''] = device.slice(root.length + 1).split('/');
        // A driver that takes its time holds up nobody else.
        void kernel.look(kind, frontend, number);
      }
    }
  }
}

export function keep(host: KeeperHost): Keeper {
  const { session, bus } = host;
  const journals = keepJournals(host);
  const blkback = supervise(host, host.blkback);
  bus.setAutoprobe(false);
  if (host.isAwaited) blkback.want();
  const own = session.watch(OWN);
  const domains = ['@introduceDomain', '@releaseDomain'].map((path) => session.watch(path));
  const following = [followDomains(host, journals, domains), followOwn(host, blkback, own)];
  return {
    close: async () => {
      blkback.stop();
      await Promise.all([own, ...domains].map((watch) => watch.return()));
      await Promise.all(following);
      bus.setAutoprobe(true);
    },
  };
}
