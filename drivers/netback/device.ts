/** One vif of one guest: what its nodes say, and what is done about it. */

import {
  createDevice,
  type Device,
  type Driver,
  type Handle,
  type DeviceHost as HandshakeHost,
} from '../../shared/backend/device.ts';
import type { JournalPlace } from '../../shared/backend/journal-places.ts';
import { domid } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { NetLink } from '../../shared/platform/net-io.ts';
import type { Region } from '../../shared/platform/region.ts';
import { type Connection, type ConnectionHost, connect } from './connection.ts';
import { JOURNAL_PAGES } from './core/journal.ts';
import {
  type DeviceKeys,
  type FrontKeys,
  isFiltering,
  isPluggedIn,
  MULTICAST_NODE,
  offered,
  readDevice,
  readFront,
  readRate,
} from './keys.ts';

export interface DeviceHost extends ConnectionHost, HandshakeHost {
  readonly clock: ConnectionHost['clock'];
  /** Queues of a vif, at most. */
  readonly queuesMax: number;
  /** Scripts connect vifs to networks: they are waited for. A driver domain has none. */
  readonly hasScripts: boolean;
  /** What no other domain has; 0 where Xen does not tell. */
  uniqueId(frontendId: number): bigint;
  /** What is behind the vif `vifFRONTEND.DEVICE`; it is there before any script runs. */
  openLink(frontendId: number, device: number): Result<NetLink>;
  /** `isGone`: so is the vif, and what is behind it is not to stay. */
  closeLink(link: NetLink, frontendId: number, device: number, isGone: boolean): void;
  /** Memory that outlives us, for the vif at `path`, as the last who had it left it. */
  openJournals(path: string, places: readonly JournalPlace[]): Promise<Result<readonly Region[]>>;
}

/** A journal, and counters. */
const placesOf = (frontend: number, device: number): readonly JournalPlace[] => [
  { name: `vif-${frontend}-${device}-0`, pages: JOURNAL_PAGES },
  { name: `vif-${frontend}-${device}.stats`, pages: 1 },
];

interface State {
  readonly host: DeviceHost;
  readonly path: string;
  readonly device: number;
  readonly handle: Handle;
  keys: DeviceKeys | undefined;
  link: NetLink | undefined;
  connection: Connection | undefined;
}

async function prepare(state: State): Promise<boolean> {
  if (state.link !== undefined) return true;
  const { host, path, device, handle } = state;
  const keys = await readDevice(host.session, path);
  if (!keys.ok) {
    if (keys.error.errno !== 'ENOENT') await handle.tell(keys.error.what);
    return false;
  }
  state.keys = keys.value;
  const link = host.openLink(keys.value.frontendId, device);
  if (link.ok) {
    state.link = link.value;
    return true;
  }
  await handle.tell(link.error.what);
  handle.lookLater();
  return false;
}

async function serve(
  state: State,
  front: FrontKeys,
  isAdopted: boolean,
  broken: (why: string) => void,
): Promise<Result<Connection>> {
  const { host, path, device, keys, link } = state;
  if (keys === undefined || link === undefined) return fail('ENODEV', 'nothing is behind it');
  const { frontendId } = keys;
  const [filtering, rate] = await Promise.all([
    isFiltering(host.session, keys.frontend),
    readRate(host.session, path),
  ]);
  if (!filtering.ok) return filtering;
  if (!rate.ok) return rate;
  const kept = await host.openJournals(path, placesOf(frontendId, device));
  if (!kept.ok) return kept;
  const options = {
    ...{ domid: domid(frontendId), uniqueId: host.uniqueId(frontendId), device, behind: link },
    ...{ isFiltering: filtering.value, broken, rate: rate.value },
    report: (what: string) => host.log(`${path}: the guest has sent ${what}`),
  };
  const regions = kept.value as readonly [Region, Region];
  const connection = connect(host, options, front, isAdopted, regions);
  if (!connection.ok) return connection;
  state.connection = connection.value;
  return ok(connection.value);
}

/** Its frontend may change its mind on multicast at any time, and who runs the host on its rate. */
async function follow({ host, path, keys, connection }: State): Promise<void> {
  if (keys === undefined || connection === undefined) return;
  const [filtering, rate] = await Promise.all([
    isFiltering(host.session, keys.frontend),
    readRate(host.session, path),
  ]);
  if (rate.ok) connection.setRate(rate.value);
  if (filtering.ok) connection.vif.multicast.isOn = filtering.value;
}

/** Follows the nodes of a vif and of its frontend. */
export function createVifDevice(host: DeviceHost, path: string, device: number): Device {
  return createDevice(host, path, (handle): Driver<FrontKeys> => {
    const state: State = {
      ...{ host, path, device, handle },
      ...{ keys: undefined, link: undefined, connection: undefined },
    };
    return {
      watched: ['state', MULTICAST_NODE],
      prepare: () => prepare(state),
      frontend: () => state.keys && { path: state.keys.frontend, id: state.keys.frontendId },
      offered: () => offered(path, host.queuesMax),
      readFront: (nodes, front) => readFront(nodes, front, host.queuesMax),
      mayConnect: async () => !host.hasScripts || isPluggedIn(host.session, path),
      connect: (front, isAdopted, broken) => serve(state, front, isAdopted, broken),
      follow: () => follow(state),
      letGo: (isGone) => {
        const { link, keys } = state;
        state.link = undefined;
        if (link !== undefined && keys !== undefined) {
          host.closeLink(link, keys.frontendId, device, isGone);
        }
      },
    };
  });
}
