/** One disk of one guest: what its nodes say, and what is done about it. */

import {
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
} from '../../shared/abi/xenbus.ts';
import { domid } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { BlockIo } from '../../shared/platform/block-io.ts';
import type { Region } from '../../shared/platform/region.ts';
import { type BackDeed, type BackView, nextBackStep } from '../../shared/xenbus/back-state.ts';
import { parseState } from '../../shared/xenbus/states.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { type Connection, type ConnectionHost, connect } from './connection.ts';
import { createRate, type Rate } from './core/rate.ts';
import { type DeviceKeys, type FrontKeys, offered, readDevice, readFront } from './keys.ts';

export interface OpenedDisk {
  readonly io: BlockIo;
  readonly slab: Region;
  readonly lists: Region;
}

export interface DeviceHost extends ConnectionHost {
  readonly session: XenstoreSession;
  /** What no other domain has; 0 where Xen does not tell. */
  uniqueId(frontendId: number): bigint;
  /** The frontend's domain is dead or dying: whatever its nodes say, it does nothing any more. */
  isGone(frontendId: number): boolean;
  openDisk(keys: DeviceKeys, onDone: () => void): Result<OpenedDisk>;
  closeDisk(disk: OpenedDisk): void;
  log(line: string): void;
}

export interface Device {
  /** Its nodes have changed. */
  look(): void;
  /** Serves no more; its nodes stay as they are. */
  close(): Promise<void>;
}

interface State {
  readonly host: DeviceHost;
  /** `/local/domain/0/backend/vbd/5/51712` */
  readonly path: string;
  readonly device: number;
  keys: DeviceKeys | undefined;
  disk: OpenedDisk | undefined;
  connection: Connection | undefined;
  /** One that finishes what it has begun, and is to hear of that; when it has. */
  ending: Connection | undefined;
  ended: Promise<void> | undefined;
  /** What is left of its rate; whoever connects anew has no more. */
  rate: Rate | undefined;
  /** The frontend has lied, and is not served before it has closed. */
  isGivenUp: boolean;
  /** Why it cannot be served, told once. */
  told: string | undefined;
  /** Takes back the look that is planned. */
  cancel: (() => void) | undefined;
  look: () => void;
}

/** Between looks at what may become possible without an event. */
const LOOK_AGAIN_MS = 200;

async function value(state: State, path: string): Promise<Result<string | undefined>> {
  const read = await state.host.session.readString(path);
  if (read.ok) return read;
  return read.error.errno === 'ENOENT' ? ok(undefined) : read;
}

/** Tells of a failure in the log and in the store, where xl and its like look for one. */
async function tell(state: State, why: string): Promise<void> {
  if (state.told === why) return;
  state.told = why;
  const { session, log } = state.host;
  log(`${state.path}: ${why}`);
  const [, , , self, ...rest] = state.path.split('/');
  await session.write(`/local/domain/${self}/error/${rest.join('/')}/error`, why);
}

/** Opens what is behind the device, once its keys are there. */
async function makeReady(state: State): Promise<void> {
  if (state.disk !== undefined) return;
  const { host, path } = state;
  const keys = state.keys === undefined ? await readDevice(host.session, path) : ok(state.keys);
  if (!keys.ok) {
    if (keys.error.errno !== 'ENOENT') await tell(state, keys.error.what);
    return;
  }
  if (state.keys === undefined) state.rate = createRate(keys.value.rate, host.clock.nowMs());
  state.keys = keys.value;
  if (keys.value.params === '') return;
  const disk = host.openDisk(keys.value, () => (state.connection ?? state.ending)?.wake());
  if (disk.ok) state.disk = disk.value;
  else {
    await tell(state, disk.error.what);
    // In use, perhaps, by a predecessor whose last operations have not ended.
    lookLater(state);
  }
}

function lookLater(state: State): void {
  state.cancel ??= state.host.clock.after(LOOK_AGAIN_MS, () => {
    state.cancel = undefined;
    state.look();
  });
}

async function viewOf(state: State): Promise<Result<BackView & { readonly front?: FrontKeys }>> {
  const { path, keys, host, connection } = state;
  const [own, online, other] = await Promise.all([
    value(state, `${path}/state`),
    value(state, `${path}/online`),
    keys === undefined ? ok(undefined) : value(state, `${keys.frontend}/state`),
  ]);
  if (!own.ok) return own;
  if (!online.ok) return online;
  if (!other.ok) return other;
  const told = (text: string | undefined) => (text === undefined ? undefined : parseState(text));
  const isGone = keys !== undefined && host.isGone(keys.frontendId);
  const ends = { own: told(own.value), other: isGone ? undefined : told(other.value) };
  const hasRings = ends.other === XenbusStateInitialised || ends.other === XenbusStateConnected;
  if (!hasRings) state.isGivenUp = false;
  const view = {
    ...{ ...ends, isOnline: online.value === '1', isConnected: connection !== undefined },
    isReady: state.disk !== undefined && !state.isGivenUp,
  };
  // A frontend that asks to be connected may have closed unseen.
  if (connection === undefined || view.other !== XenbusStateInitialised)
    return ok({ ...view, hasOtherKeys: false });
  const front = await readFront(host.session, (keys as DeviceKeys).frontend);
  const hasOtherKeys = front.ok && !connection.serves(front.value);
  return ok({ ...view, hasOtherKeys });
}

async function disconnect(state: State): Promise<void> {
  const { connection } = state;
  state.connection = undefined;
  if (connection !== undefined) {
    state.ending = connection;
    state.ended = connection.close();
  }
  await state.ended;
}

async function serve(state: State, isAdopted: boolean): Promise<Result<void>> {
  const { host, device, keys, disk } = state;
  if (keys === undefined || disk === undefined) return fail('ENODEV', 'no disk');
  // Its operations are in the memory that the next one's are in.
  await state.ended;
  const front = await readFront(host.session, keys.frontend);
  if (!front.ok) return front;
  const options = {
    ...{ domid: domid(keys.frontendId), uniqueId: host.uniqueId(keys.frontendId), device },
    ...{ io: disk.io, slab: disk.slab, lists: disk.lists, onError: 'report' as const },
    rate: state.rate,
    report: (what: string) => host.log(`${state.path}: the guest has asked for ${what}`),
    broken: (why: string) => void giveUp(state, why),
  };
  const connected = connect(host, options, front.value, isAdopted);
  if (!connected.ok) return connected;
  state.connection = connected.value;
  return ok();
}

/** The frontend's own fault: it loses this device, and nothing else. */
async function giveUp(state: State, why: string): Promise<void> {
  state.isGivenUp = true;
  await tell(state, why);
  await disconnect(state);
  await state.host.session.write(`${state.path}/state`, String(XenbusStateClosing));
}

async function perform(state: State, deed: BackDeed): Promise<Result<void>> {
  const { session } = state.host;
  if (deed === 'disconnect' || deed === 'offer') await disconnect(state);
  if (deed === 'disconnect') return ok();
  const { keys, disk } = state;
  if (keys === undefined || disk === undefined) return fail('ENODEV', 'no disk');
  const written = await session.writeAll(offered(state.path, keys, disk.io.shape));
  if (!written.ok || deed === 'offer') return written;
  return serve(state, deed === 'adopt');
}

/** Steps until there is nothing to do. */
async function lookOnce(state: State): Promise<void> {
  const { session } = state.host;
  for (;;) {
    await makeReady(state);
    const view = await viewOf(state);
    // A store that stands still is no reason to do anything.
    if (!view.ok) return;
    const step = nextBackStep(view.value);
    if (step === undefined) return;
    const done = await perform(state, step.deed);
    if (!done.ok) {
      if (step.deed === 'adopt' || done.error.errno === 'ETIMEDOUT') {
        // A port or a lock that a predecessor has not let go of yet; the guest waits.
        await tell(state, done.error.what);
        lookLater(state);
      } else await giveUp(state, done.error.what);
      return;
    }
    if (step.state !== undefined) {
      const written = await session.write(`${state.path}/state`, String(step.state));
      if (!written.ok) return;
    }
  }
}

/** Follows the nodes of a device and of its frontend. */
export function createDevice(host: DeviceHost, path: string, device: number): Device {
  const state: State = {
    ...{ host, path, device, keys: undefined, disk: undefined },
    ...{ connection: undefined, ending: undefined, ended: undefined },
    ...{ rate: undefined, told: undefined, isGivenUp: false },
    ...{ cancel: undefined, look: () => look() },
  };
  let running: Promise<void> | undefined;
  let isAskedAgain = false;
  let isClosed = false;
  let frontWatch: ReturnType<XenstoreSession['watch']> | undefined;
  const look = (): void => {
    if (isClosed) return;
    if (running !== undefined) {
      isAskedAgain = true;
      return;
    }
    running = lookOnce(state).then(() => {
      running = undefined;
      follow();
      if (!isAskedAgain) return;
      isAskedAgain = false;
      look();
    });
  };
  const follow = (): void => {
    if (frontWatch !== undefined || state.keys === undefined || isClosed) return;
    frontWatch = host.session.watch(`${state.keys.frontend}/state`);
    void forEach(frontWatch, look);
  };
  look();
  return {
    look,
    close: async () => {
      isClosed = true;
      state.cancel?.();
      await frontWatch?.return();
      await running;
      await disconnect(state);
      if (state.disk !== undefined) host.closeDisk(state.disk);
      state.disk = undefined;
    },
  };
}

async function forEach(watch: AsyncIterable<string>, then: () => void): Promise<void> {
  for await (const _ of watch) then();
}
