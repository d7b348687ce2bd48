/** One disk of one guest: what its nodes say, and what is done about it. */

import { XenbusStateClosing, XenbusStateInitialising } from '../../shared/abi/xenbus.ts';
import type { JournalPlace } from '../../shared/backend/journal-places.ts';
import { writeOwn } from '../../shared/backend/nodes.ts';
import { domid } from '../../shared/core/ids.ts';
import type { Rate } from '../../shared/core/rate.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { Region } from '../../shared/platform/region.ts';
import { type Stopwatch, startStopwatch } from '../../shared/telemetry/stopwatch.ts';
import { type BackDeed, nextBackStep } from '../../shared/xenbus/back-state.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { type Behind, type Connection, type ConnectionHost, connect } from './connection.ts';
import { journalPlaces } from './journal-places.ts';
import { type DeviceKeys, offered, type RingsOffered } from './keys.ts';
import { mayServe } from './moving.ts';
import { LOOK_AGAIN_MS, lookLater, makeReady } from './opening.ts';
import { missed } from './promised.ts';
import { grantWish } from './refresh.ts';
import { tell } from './tell.ts';
import { isMadeAnew, type View, viewOf } from './view.ts';

export type OpenedDisk = Behind;

export interface DeviceHost extends ConnectionHost {
  readonly session: XenstoreSession;
  readonly rings: RingsOffered;
  /** What no other domain has; 0 where Xen does not tell. */
  uniqueId(frontendId: number): bigint;
  /** The frontend's domain is dead or dying: whatever its nodes say, it does nothing any more. */
  isGone(frontendId: number): boolean;
  /** What is behind a device, by what the toolstack wrote: it may take seconds. */
  openDisk(keys: DeviceKeys, device: number, onDone: () => void): Promise<Result<OpenedDisk>>;
  closeDisk(disk: OpenedDisk): void;
  /**
   * Memory of journals of the device at `path`, as the last who had them left it. `said`: what its
   * node said just now, if anything.
   */
  openJournals(
    path: string,
    places: readonly JournalPlace[],
    said?: string,
  ): Promise<Result<readonly Region[]>>;
  /**
   * Where that memory was replaced, as its node says: `move` is to go on in the new, of the same
   * sizes, or to say that it does not.
   */
  renewJournals?(
    path: string,
    said: string,
    move: (kept: readonly Region[]) => boolean,
  ): Result<void>;
  log(line: string): void;
}

export interface Device {
  /** Its nodes have changed. */
  look(): void;
  /**
   * Serves no more; its nodes stay as they are. Waits for what is under way, unless nobody else
   * does: then what takes too long is given up.
   */
  close(isForGood: boolean): Promise<void>;
}

/** What is known of a device. */
export interface State {
  readonly host: DeviceHost;
  /** `/local/domain/0/backend/vbd/5/51712` */
  readonly path: string;
  readonly device: number;
  keys: DeviceKeys | undefined;
  disk: OpenedDisk | undefined;
  /** What is behind it is being opened. */
  isOpening: boolean;
  /** Until it is tried again, if it cannot be opened. */
  openAgainMs: number;
  isClosed: boolean;
  /** Its own state was seen to be another than the first. */
  isBegun: boolean;
  connection: Connection | undefined;
  /** One that finishes what it has begun, and is to hear of that; when it has. */
  ending: Connection | undefined;
  ended: Promise<void> | undefined;
  /** What is left of its rate; whoever connects anew has no more. */
  rate: Rate | undefined;
  /** It was let go for another one, who serves it unless its script still says otherwise. */
  isLetGo: boolean;
  /** The frontend has lied, and is not served before it has closed. */
  isGivenUp: boolean;
  /** Why it cannot be served, told once. */
  told: string | undefined;
  /** `params` that could not be had, and are not tried again before somebody asks for it. */
  refused: string | undefined;
  /** Since we know of it, until it is served for the first time. */
  times: Stopwatch | undefined;
  /** Takes back the look that is planned. */
  cancel: (() => void) | undefined;
  look: () => void;
}

async function disconnect(state: State, isForGood: boolean): Promise<void> {
  const { connection } = state;
  state.connection = undefined;
  if (connection !== undefined) {
    state.ending = connection;
    state.ended = end(state, connection, isForGood);
  }
  await state.ended;
}

async function end(state: State, connection: Connection, isForGood: boolean): Promise<void> {
  const { disk, host } = state;
  const isGivenUp = await connection.close(isForGood);
  // One that does nothing any more: it is opened anew, when there is something to open.
  if (!isGivenUp || disk === undefined || state.disk !== disk) return;
  state.disk = undefined;
  host.closeDisk(disk);
}

/** Finishes what it has taken, and lets go of rings and disk. */
async function letGo(state: State, isForGood: boolean): Promise<void> {
  await disconnect(state, isForGood);
  if (state.disk !== undefined) state.host.closeDisk(state.disk);
  state.disk = undefined;
}

async function serve(
  state: State,
  { front, journal }: View,
  isAdopted: boolean,
): Promise<Result<void>> {
  const { host, device, keys, disk, times } = state;
  if (keys === undefined || disk === undefined) return fail('ENODEV', 'no disk');
  // Its operations are in the memory that the next one's are in.
  await state.ended;
  if (front === undefined) return fail('ETIMEDOUT', 'its rings are not known');
  if (!front.ok) return front;
  times?.part('its frontend');
  const options = {
    ...{ domid: domid(keys.frontendId), uniqueId: host.uniqueId(keys.frontendId), device },
    ...{ io: disk.io, slab: disk.slab, lists: disk.lists, onError: 'report' as const },
    rate: state.rate,
    report: (what: string) => host.log(`${state.path}: the guest has asked for ${what}`),
    broken: (why: string) => void giveUp(state, why),
  };
  const places = journalPlaces(options, front.value);
  const journals = await host.openJournals(state.path, places, journal);
  if (!journals.ok) return journals;
  const connected = connect(host, options, front.value, isAdopted, journals.value);
  if (!connected.ok) return connected;
  state.connection = connected.value;
  times?.part('journal and rings');
  if (isAdopted && times !== undefined) host.log(`${state.path}: goes on after ${times.text()}`);
  state.times = undefined;
  return ok();
}

/** The frontend's own fault: it loses this device, and nothing else. */
async function giveUp(state: State, why: string): Promise<void> {
  state.isGivenUp = true;
  await tell(state, why);
  await disconnect(state, true);
  await writeState(state, XenbusStateClosing);
}

function writeState({ host, path }: State, value: number): Promise<Result<void>> {
  return writeOwn(host.session, path, [{ path: `${path}/state`, value: String(value) }]);
}

async function perform(state: State, deed: BackDeed, view: View): Promise<Result<void>> {
  const { session } = state.host;
  if (deed === 'disconnect' || deed === 'offer') await disconnect(state, true);
  if (deed === 'disconnect') return ok();
  const { keys, disk } = state;
  if (keys === undefined || disk === undefined) return fail('ETIMEDOUT', 'its disk is opened anew');
  const own = offered(state.path, keys, disk.io.shape, state.host.rings);
  const write = () => writeOwn(session, state.path, own);
  if (deed === 'adopt') {
    const promised = view.promised ?? fail('ETIMEDOUT', 'what it was is not known');
    if (!promised.ok) return promised;
    const lacks = missed(state, keys, disk, promised.value);
    const what = `cannot be gone on with: its last backend had ${lacks}`;
    if (lacks !== undefined) return fail('EOPNOTSUPP', what);
    // First of all the guest goes on. What cannot be adopted yet would be looked at again at once,
    // for what was written.
    const served = await serve(state, view, true);
    return served.ok ? write() : served;
  }
  const written = await write();
  return written.ok && deed === 'connect' ? serve(state, view, false) : written;
}

/** Goes on with its journals where they are to be. */
async function keepUp(state: State, { journal }: View): Promise<void> {
  const { host, path, connection } = state;
  if (connection === undefined || journal === undefined) return;
  const done = host.renewJournals?.(path, journal, (kept) => {
    if (state.connection !== connection) return false;
    connection.keepIn(kept);
    return true;
  });
  if (done?.ok === false) await tell(state, `its journal: ${done.error.what}`);
}

/** As one that was never seen. */
async function beginAnew(state: State): Promise<void> {
  await disconnect(state, true);
  const { disk, host } = state;
  Object.assign(state, { disk: undefined, keys: undefined, isBegun: false, isGivenUp: false });
  Object.assign(state, { rate: undefined, told: undefined, refused: undefined });
  if (disk !== undefined) host.closeDisk(disk);
}

/** Steps until there is nothing to do. */
async function lookOnce(state: State): Promise<void> {
  for (;;) {
    if (!state.isLetGo) await makeReady(state);
    const [isOurs, found] = await Promise.all([
      mayServe(state, () => letGo(state, false)),
      viewOf(state),
    ]);
    if (!isOurs) return;
    // A store that stands still is no reason to do anything, nor is a device that was removed.
    if (!found.ok || found.value === undefined) return;
    const view = found.value;
    const { own } = view;
    if (own !== undefined && state.disk !== undefined && (await isMadeAnew(state, own))) {
      await beginAnew(state);
      continue;
    }
    if (own !== XenbusStateInitialising) state.isBegun = true;
    await keepUp(state, view);
    if (view.wish !== undefined && (await grantWish(state, view.wish))) continue;
    const step = nextBackStep(view);
    if (step === undefined) return;
    const done = await perform(state, step.deed, view);
    if (!done.ok) {
      if (step.deed === 'adopt' || done.error.errno === 'ETIMEDOUT') {
        // A port or a lock that a predecessor has not let go of yet; the guest waits.
        await tell(state, done.error.what);
        lookLater(state);
      } else await giveUp(state, done.error.what);
      return;
    }
    if (step.state !== undefined) {
      const written = await writeState(state, step.state);
      if (!written.ok) return;
    }
  }
}

/** Follows the nodes of a device and of its frontend. */
export function createDevice(host: DeviceHost, path: string, device: number): Device {
  const state: State = {
    ...{ host, path, device, keys: undefined, disk: undefined, isOpening: false, isClosed: false },
    isBegun: false,
    ...{ openAgainMs: LOOK_AGAIN_MS, refused: undefined, rate: undefined },
    ...{ connection: undefined, ending: undefined, ended: undefined },
    ...{ told: undefined, isGivenUp: false, isLetGo: false, times: startStopwatch(host.clock) },
    ...{ cancel: undefined, look: () => look() },
  };
  let running: Promise<void> | undefined;
  let isAskedAgain = false;
  let frontWatch: ReturnType<XenstoreSession['watch']> | undefined;
  const look = (): void => {
    if (state.isClosed) return;
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
    if (frontWatch !== undefined || state.keys === undefined || state.isClosed) return;
    frontWatch = host.session.watch(`${state.keys.frontend}/state`);
    void forEach(frontWatch, look);
  };
  look();
  return {
    look,
    close: async (isForGood) => {
      state.isClosed = true;
      state.cancel?.();
      await frontWatch?.return();
      await running;
      await letGo(state, isForGood);
    },
  };
}

async function forEach(watch: AsyncIterable<string>, then: () => void): Promise<void> {
  for await (const _ of watch) then();
}
