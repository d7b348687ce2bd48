/** What the keeper keeps: journals for driver domains, and dom0's own back ends alive. */

import { DOM0, isDomid } from '../../shared/core/ids.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { SCRIPT_NODE } from '../../shared/xenbus/served-by.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { type Journals, type JournalsHost, keepJournals } from './journals.ts';
import { isOurs, type KernelBus, keepKernelDevices } from './kernel-devices.ts';
import { holdLinks, type LinksHost } from './links.ts';
import { takeOver } from './owner.ts';
import { removeIfOver } from './removal.ts';
import { type Program, type Supervisor, supervise } from './supervise.ts';

/** A back end of dom0's. */
export interface Backend {
  /** Of devices. */
  readonly kind: string;
  readonly program: Program;
  /** Whether it is wanted from the start: there will be a device in a moment. */
  readonly isAwaited: boolean;
}

export interface KeeperHost extends JournalsHost, Pick<LinksHost, 'holdLink'> {
  readonly session: XenstoreSession;
  readonly clock: Clock;
  readonly backends: readonly Backend[];
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
  await journals.forget(await devicesBelow(host.session, root));
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
  const lookNow = async (): Promise<void> => {
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
    // Guests of such as are gone may go, too.
    for (const path of journals.kept.keys()) {
      const self = Number(path.split('/')[3]);
      if (!drivers.has(self)) await journals.look(self, path);
    }
  };
  // One after the other: of two at a time each would find the same new domain.
  let looking = Promise.resolve();
  const look = (): Promise<void> => {
    looking = looking.then(lookNow);
    return looking;
  };
  await Promise.all(
    watches.map(async (watch) => {
      for await (const _ of watch) await look();
    }),
  );
  for (const watch of drivers.values()) await watch.return();
}

const OWN = `/local/domain/${DOM0}/backend`;

/** Whether devices of a kind want our back end: the kernel has one, too, and serves most vifs. */
async function isWanted(host: KeeperHost, kind: string, devices: readonly string[]) {
  if (kind === 'vbd') return devices.length > 0;
  for (const device of devices) if (await isOurs(host, kind, device)) return true;
  return false;
}

/** Follows what dom0 serves: its devices want our back ends, or the kernel's. */
async function followOwn(
  host: KeeperHost,
  backends: ReadonlyMap<string, Supervisor>,
  watch: Watch,
): Promise<void> {
  const { session } = host;
  const kernel = keepKernelDevices(host);
  const links = holdLinks(host);
  for await (const path of watch) {
    const [named] = path.slice(OWN.length + 1).split('/');
    const kinds = named ? [named] : await names(session, OWN);
    for (const kind of kinds) {
      const root = `${OWN}/${kind}`;
      const one = deviceOf(root, path);
      const devices = one === undefined ? await devicesBelow(session, root) : [one];
      if (one === undefined) await links.lookAgain();
      // Of what came amid a loss of the store nothing else is heard.
      const mayBeMoved = one === undefined || path === `${one}/${SCRIPT_NODE}`;
      const backend = backends.get(kind);
      if (backend !== undefined && (await isWanted(host, kind, devices))) backend.want();
      for (const device of devices) {
        const [frontend = '', number = ''] = device.slice(root.length + 1).split('/');
        // A driver that takes its time holds up nobody else.
        void kernel.look(kind, frontend, number, mayBeMoved);
        if (kind === 'vif') await links.look(device, frontend, number);
      }
    }
  }
}

export function keep(host: KeeperHost): Keeper {
  const { session, bus } = host;
  const journals = keepJournals(host);
  const backends = new Map<string, Supervisor>();
  bus.setAutoprobe(false);
  for (const { kind, program, isAwaited } of host.backends) {
    const backend = supervise(host, program);
    backends.set(kind, backend);
    if (isAwaited) backend.want();
  }
  const own = session.watch(OWN);
  const domains = ['@introduceDomain', '@releaseDomain'].map((path) => session.watch(path));
  const following = [followDomains(host, journals, domains), followOwn(host, backends, own)];
  return {
    close: async () => {
      for (const backend of backends.values()) backend.stop();
      await Promise.all([own, ...domains].map((watch) => watch.return()));
      await Promise.all(following);
      bus.setAutoprobe(true);
    },
  };
}
