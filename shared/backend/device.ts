/**
 * One device of one guest at its back end: its nodes and its frontend's are followed, and what the
 * handshake asks for is done (shared/xenbus/back-state.ts). What a device is, is its driver's.
 */

import { XenbusStateClosing, XenbusStateConnected, XenbusStateInitialised } from '../abi/xenbus.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Clock } from '../platform/clock.ts';
import { type BackDeed, type BackView, nextBackStep } from '../xenbus/back-state.ts';
import { parseState } from '../xenbus/states.ts';
import type { Nodes, NodeToWrite } from '../xenstore/nodes.ts';
import type { XenstoreSession } from '../xenstore/session.ts';
import { errorPath, readText, writeOwn } from './nodes.ts';

/** Rings that are served. */
export interface Served<Front> {
  /** Whether these are their keys. */
  serves(front: Front): boolean;
  /**
   * Takes nothing more, finishes what it has begun, and lets go of everything. `isForGood`: nobody
   * waits for answers.
   */
  close(isForGood: boolean): Promise<void>;
}

/** What is known of the frontend before it connects. */
export interface Frontend {
  readonly path: string;
  readonly id: number;
}

/** A kind of device, as far as it is its own. */
export interface Driver<Front> {
  /** Nodes of the frontend's that are looked at when they change, `state` among them. */
  readonly watched: readonly string[];
  /**
   * Whether what is behind the device is there: it is made ready, if it can be now, and else
   * `look` is called later.
   */
  prepare(): Promise<boolean>;
  /** Undefined: its nodes do not say yet. */
  frontend(): Frontend | undefined;
  /** What the device is and can do: before its frontend looks, and again before it is told to. */
  offered(): readonly NodeToWrite[];
  /** ENOENT, EINVAL: what a frontend wrote makes no rings. */
  readFront(nodes: Nodes, path: string): Promise<Result<Front>>;
  /** Whether a frontend may be connected already: a script may have to be waited for. */
  mayConnect(): Promise<boolean>;
  /** `broken`: the frontend has lied, and nothing of its rings counts any more. */
  connect(
    front: Front,
    isAdopted: boolean,
    broken: (why: string) => void,
  ): Promise<Result<Served<Front>>>;
  /** Something may have changed that a device which is connected follows. */
  follow(): Promise<void>;
  /** The device is served no more. `isGone`: it is no more. */
  letGo(isGone: boolean): void;
}

export interface DeviceHost {
  readonly session: XenstoreSession;
  readonly clock: Pick<Clock, 'after'>;
  /** The frontend's domain is dead or dying: whatever its nodes say, it does nothing any more. */
  isGone(frontendId: number): boolean;
  log(line: string): void;
}

export interface Device {
  /** Its nodes have changed. */
  look(): void;
  /** Serves no more; its nodes stay as they are. `isGone`: it is no more, nor does anybody wait. */
  close(isGone: boolean): Promise<void>;
}

/** Between looks at what may become possible without an event. */
const LOOK_AGAIN_MS = 200;

/** What drivers are given to tell of, and to come back to, a device. */
export interface Handle {
  /** Tells of a failure once, in the log and where xl and its like look for one. */
  tell(why: string): Promise<void>;
  /** Looks at it again. */
  look(): void;
  lookLater(afterMs?: number): void;
}

interface State<Front> {
  readonly host: DeviceHost;
  /** `/local/domain/0/backend/vif/5/0` */
  readonly path: string;
  readonly driver: Driver<Front>;
  readonly handle: Handle;
  served: Served<Front> | undefined;
  /** When the last one has ended. */
  ended: Promise<void> | undefined;
  /** The frontend has lied, and is not served before it has closed. */
  isGivenUp: boolean;
  isClosed: boolean;
}

type View = BackView & { readonly isConnectable: boolean };

/** Undefined: the device is no more. */
async function viewOf<Front>(
  state: State<Front>,
  isReady: boolean,
): Promise<Result<View | undefined>> {
  const { path, host, driver, served } = state;
  const frontend = driver.frontend();
  const [there, own, online, other] = await Promise.all([
    readText(host.session, `${path}/frontend`),
    readText(host.session, `${path}/state`),
    readText(host.session, `${path}/online`),
    frontend === undefined ? ok(undefined) : readText(host.session, `${frontend.path}/state`),
  ]);
  if (!there.ok) return there;
  if (there.value === undefined) return ok(undefined);
  if (!own.ok) return own;
  if (!online.ok) return online;
  if (!other.ok) return other;
  const told = (text: string | undefined) => (text === undefined ? undefined : parseState(text));
  const isGone = frontend !== undefined && host.isGone(frontend.id);
  const ends = { own: told(own.value), other: isGone ? undefined : told(other.value) };
  const hasRings = ends.other === XenbusStateInitialised || ends.other === XenbusStateConnected;
  if (!hasRings) state.isGivenUp = false;
  return ok({
    ...{ ...ends, isOnline: online.value === '1', isConnected: served !== undefined },
    isReady: isReady && !state.isGivenUp,
    hasOtherKeys: hasRings && (await hasOtherKeys(state, frontend)),
    isConnectable: await driver.mayConnect(),
  });
}

/** A frontend that has its rings may have closed unseen, or a kernel begun without it. */
async function hasOtherKeys<Front>(
  { host, driver, served }: State<Front>,
  frontend: Frontend | undefined,
): Promise<boolean> {
  if (served === undefined || frontend === undefined) return false;
  const front = await driver.readFront(host.session, frontend.path);
  return front.ok && !served.serves(front.value);
}

async function disconnect<Front>(state: State<Front>, isForGood: boolean): Promise<void> {
  const { served } = state;
  state.served = undefined;
  if (served !== undefined) state.ended = served.close(isForGood);
  await state.ended;
}

async function serve<Front>(state: State<Front>, isAdopted: boolean): Promise<Result<void>> {
  const { host, driver } = state;
  const frontend = driver.frontend();
  if (frontend === undefined) return fail('ENODEV', 'no frontend');
  await state.ended;
  const front = await driver.readFront(host.session, frontend.path);
  if (!front.ok) return front;
  const broken = (why: string): void => void giveUp(state, why);
  const connected = await driver.connect(front.value, isAdopted, broken);
  if (!connected.ok) return connected;
  state.served = connected.value;
  return ok();
}

function writeState<Front>({ host, path }: State<Front>, value: number): Promise<Result<void>> {
  return writeOwn(host.session, path, [{ path: `${path}/state`, value: String(value) }]);
}

/** The frontend's own fault: it loses this device, and nothing else. */
async function giveUp<Front>(state: State<Front>, why: string): Promise<void> {
  state.isGivenUp = true;
  await state.handle.tell(why);
  await disconnect(state, true);
  if (!state.isClosed) await writeState(state, XenbusStateClosing);
}

async function perform<Front>(state: State<Front>, deed: BackDeed): Promise<Result<void>> {
  const { host, path, driver } = state;
  if (deed === 'disconnect' || deed === 'offer') await disconnect(state, true);
  if (deed === 'disconnect') return ok();
  if (deed === 'adopt') {
    // First of all the guest goes on.
    const served = await serve(state, true);
    return served.ok ? writeOwn(host.session, path, driver.offered()) : served;
  }
  const written = await writeOwn(host.session, path, driver.offered());
  return written.ok && deed === 'connect' ? serve(state, false) : written;
}

/** Steps until there is nothing to do. */
async function lookOnce<Front>(state: State<Front>): Promise<void> {
  const { driver, handle } = state;
  for (;;) {
    const isReady = await driver.prepare();
    const view = await viewOf(state, isReady);
    // A store that stands still is no reason to do anything, nor is a device that was removed.
    if (!view.ok || view.value === undefined) return;
    await driver.follow();
    const step = nextBackStep(view.value);
    if (step === undefined || (step.deed === 'connect' && !view.value.isConnectable)) return;
    const done = await perform(state, step.deed);
    if (!done.ok) {
      if (step.deed === 'adopt' || done.error.errno === 'ETIMEDOUT') {
        // A port that a predecessor has not let go of yet; the guest waits.
        await handle.tell(done.error.what);
        handle.lookLater();
      } else await giveUp(state, done.error.what);
      return;
    }
    if (step.state !== undefined) {
      const written = await writeState(state, step.state);
      if (!written.ok) return;
    }
  }
}

/** Calls `run`, one call after the other: those that come meanwhile are one more. */
function oneByOne(run: () => Promise<void>) {
  let running: Promise<void> | undefined;
  let isAskedAgain = false;
  const ask = (): void => {
    if (running !== undefined) {
      isAskedAgain = true;
      return;
    }
    running = run().then(() => {
      running = undefined;
      if (!isAskedAgain) return;
      isAskedAgain = false;
      ask();
    });
  };
  return { ask, ended: async () => running };
}

async function forEach(watch: AsyncIterable<string>, then: () => void): Promise<void> {
  for await (const _ of watch) then();
}

/** Follows the nodes of a device and of its frontend. */
export function createDevice<Front>(
  host: DeviceHost,
  path: string,
  createDriver: (handle: Handle) => Driver<Front>,
): Device {
  const { session, clock } = host;
  let told: string | undefined;
  let cancel: (() => void) | undefined;
  const watches: ReturnType<XenstoreSession['watch']>[] = [];
  const looks = oneByOne(async () => {
    if (state.isClosed) return;
    await lookOnce(state);
    const frontend = state.driver.frontend();
    if (watches.length > 0 || frontend === undefined || state.isClosed) return;
    for (const name of state.driver.watched) {
      const watch = session.watch(`${frontend.path}/${name}`);
      watches.push(watch);
      void forEach(watch, looks.ask);
    }
  });
  const handle: Handle = {
    look: looks.ask,
    lookLater: (afterMs = LOOK_AGAIN_MS) => {
      if (state.isClosed) return;
      cancel ??= clock.after(afterMs, () => {
        cancel = undefined;
        looks.ask();
      });
    },
    tell: async (why) => {
      if (told === why) return;
      told = why;
      host.log(`${path}: ${why}`);
      await session.write(errorPath(path), why);
    },
  };
  const state: State<Front> = {
    ...{ host, path, handle, driver: createDriver(handle) },
    ...{ served: undefined, ended: undefined, isGivenUp: false, isClosed: false },
  };
  looks.ask();
  return {
    look: looks.ask,
    close: async (isGone) => {
      state.isClosed = true;
      cancel?.();
      await Promise.all(watches.map((watch) => watch.return()));
      await looks.ended();
      await disconnect(state, isGone);
      state.driver.letGo(isGone);
    },
  };
}
