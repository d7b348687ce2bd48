/** A vif of ours that another domain serves: its nodes, its rings, and the link that it makes. */

import { domid, type Port } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Grants, Offer } from '../../shared/platform/grants.ts';
import type { NetLink } from '../../shared/platform/net-io.ts';
import { initRing } from '../../shared/ring/io-ring.ts';
import { parseState } from '../../shared/xenbus/states.ts';
import {
  nextVifFrontStep,
  type VifFrontDeed,
  type VifFrontStep,
} from '../../shared/xenbus/vif-front-state.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { LIES_MAX, POOL_PAGES } from './core/limits.ts';
import { createUplink, type Lost, type Uplink } from './core/uplink.ts';
import { otherKeys, readAbilities, readShape, readSplit, ringKeys } from './keys.ts';

export interface UplinkHost {
  readonly session: XenstoreSession;
  readonly events: Pick<Events, 'allocUnbound' | 'notify' | 'unmask' | 'listen' | 'close'>;
  readonly grants: Pick<Grants, 'offer' | 'revoke'>;
  log(line: string): void;
}

export interface UplinkDevice {
  readonly link: NetLink;
  readonly lost: Lost;
}

/** What is ours of a connection. */
interface Parts {
  readonly offers: readonly Offer[];
  readonly ports: readonly Port[];
}

interface Rings {
  readonly send: Offer;
  readonly receive: Offer;
  readonly sendPool: Offer;
  readonly receivePool: Offer;
  readonly sendPort: Port;
  readonly receivePort: Port;
  readonly parts: Parts;
}

interface State {
  readonly host: UplinkHost;
  /** `/local/domain/3/device/vif/0` */
  readonly path: string;
  readonly back: string;
  readonly backendId: number;
  readonly uplink: Uplink;
  rings: Rings | undefined;
  isUsed: boolean;
  /** How the back end lies about these rings. */
  lie: string | undefined;
  lies: number;
  /** Told once. */
  told: string | undefined;
  onConnected: () => void;
  isLooking: boolean;
  isToLookAgain: boolean;
}

function tell(state: State, what: string): void {
  if (state.told === what) return;
  state.told = what;
  state.host.log(`${state.path}: ${what}`);
}

function giveBack({ events, grants }: UplinkHost, { offers, ports }: Parts): void {
  for (const port of ports) events.close(port);
  // Pages that the back end still has mapped are freed when it lets go.
  for (const offer of offers) grants.revoke(offer);
}

function disconnect(state: State): void {
  const { rings, host, uplink } = state;
  uplink.end();
  state.rings = undefined;
  state.isUsed = false;
  if (rings !== undefined) giveBack(host, rings.parts);
}

function makeRings({ host, backendId }: State, isSplit: boolean): Result<Rings> {
  const remote = domid(backendId);
  const offers: Offer[] = [];
  const ports: Port[] = [];
  const failed = (why: Result<never>): Result<never> => {
    giveBack(host, { offers, ports });
    return why;
  };
  const [one, all] = [1, POOL_PAGES];
  for (const [pages, access] of [
    ...([[one, 'rw'] as const, [one, 'rw'] as const] as const),
    ...([[all, 'ro'] as const, [all, 'rw'] as const] as const),
  ]) {
    const offer = host.grants.offer(remote, pages, access);
    if (!offer.ok) return failed(offer);
    offers.push(offer.value);
  }
  for (let i = 0; i < (isSplit ? 2 : 1); i++) {
    const port = host.events.allocUnbound(remote);
    if (!port.ok) return failed(port);
    ports.push(port.value);
  }
  const [send, receive, sendPool, receivePool] = offers as [Offer, Offer, Offer, Offer];
  const [sendPort, receivePort = sendPort] = ports as [Port, Port?];
  initRing(send.region);
  initRing(receive.region);
  const pools = { sendPool, receivePool };
  return ok({ send, receive, ...pools, sendPort, receivePort, parts: { offers, ports } });
}

async function offer(state: State): Promise<Result<void>> {
  const { host, path, back } = state;
  disconnect(state);
  state.lie = undefined;
  const isSplit = await readSplit(host.session, back);
  if (!isSplit.ok) return isSplit;
  const made = makeRings(state, isSplit.value);
  if (!made.ok) return made;
  const { send, receive, sendPort, receivePort } = made.value;
  state.rings = made.value;
  const [sendRef, receiveRef] = [send.grefs[0] as number, receive.grefs[0] as number];
  const keys = ringKeys(path, { sendRef, receiveRef, sendPort, receivePort });
  return host.session.transaction(async (tx) => {
    for (const name of otherKeys(isSplit.value)) {
      const gone = await tx.rm(`${path}/${name}`);
      if (!gone.ok) return gone;
    }
    return tx.writeAll(keys);
  });
}

async function connect(state: State): Promise<Result<void>> {
  const { host, back, rings, uplink } = state;
  if (rings === undefined) return fail('ENODEV', 'no rings');
  const can = await readAbilities(host.session, back);
  if (!can.ok) return can;
  const { events } = host;
  const { send, receive, sendPool, receivePool, sendPort, receivePort } = rings;
  events.listen(receivePort, () => {
    uplink.heard();
    if (state.rings === rings) events.unmask(receivePort);
  });
  // Nobody waits for what was sent.
  if (sendPort !== receivePort) events.listen(sendPort, () => events.unmask(sendPort));
  state.isUsed = true;
  uplink.begin({
    ...{ send: send.region, receive: receive.region, sendPool, receivePool, can: can.value },
    notifySend: () => events.notify(sendPort),
    notifyReceive: () => events.notify(receivePort),
  });
  host.log(`${state.path}: connected`);
  state.told = undefined;
  state.onConnected();
  return ok();
}

async function perform(state: State, deed: VifFrontDeed): Promise<Result<void>> {
  switch (deed) {
    case 'offer':
      return offer(state);
    case 'connect':
      return connect(state);
    case 'disconnect':
      disconnect(state);
      return ok();
    case 'nothing':
      return ok();
  }
}

async function text({ host }: State, path: string): Promise<Result<string | undefined>> {
  const read = await host.session.readString(path);
  if (read.ok) return read;
  return read.error.errno === 'ENOENT' ? ok(undefined) : read;
}

/** undefined: there is nothing to do, or the store stands still. */
async function nextStep(state: State): Promise<VifFrontStep | undefined> {
  const { path, back, rings, isUsed, lie, lies } = state;
  const [own, other, online] = await Promise.all([
    text(state, `${path}/state`),
    text(state, `${back}/state`),
    text(state, `${back}/online`),
  ]);
  if (!own.ok || !other.ok || !online.ok) return undefined;
  const stateOf = (said: string | undefined) => (said === undefined ? said : parseState(said));
  return nextVifFrontStep({
    ...{ own: stateOf(own.value), other: stateOf(other.value) },
    isOnline: online.value !== '0' && lies <= LIES_MAX,
    ...{ isOffered: rings !== undefined, isUsed, isLying: lie !== undefined },
  });
}

/** Steps until there is nothing to do. */
async function lookOnce(state: State): Promise<void> {
  const { host, path } = state;
  for (let step = await nextStep(state); step !== undefined; step = await nextStep(state)) {
    const done = await perform(state, step.deed);
    if (!done.ok) {
      tell(state, done.error.what);
      return;
    }
    if (step.state === undefined) return;
    const written = await host.session.write(`${path}/state`, String(step.state));
    if (!written.ok) return;
  }
}

/** One look at a time: what comes meanwhile is looked at afterwards. */
async function look(state: State): Promise<void> {
  state.isToLookAgain = true;
  if (state.isLooking) return;
  state.isLooking = true;
  while (state.isToLookAgain) {
    state.isToLookAgain = false;
    await lookOnce(state);
  }
  state.isLooking = false;
}

/** Its node of errors, where toolstacks look. */
const errorPath = (path: string): string =>
  `${path.replace(/^(\/local\/domain\/[0-9]+)\//, '$1/error/')}/error`;

function caughtLying(state: State, what: string): void {
  if (state.lie !== undefined) return;
  state.lie = what;
  state.lies++;
  const last = state.lies > LIES_MAX ? ', once too often' : '';
  tell(state, `the back end lies${last}: ${what}`);
  void state.host.session.write(errorPath(state.path), `the back end lies: ${what}`);
  void look(state);
}

async function follow(state: State): Promise<void> {
  const watch = state.host.session.watch(`${state.back}/state`);
  for await (const _ of watch) await look(state);
}

/**
 * Follows a vif of our own domain. Once its back end has connected it for the first time there is
 * a link, which outlives the back end.
 */
export async function openUplink(host: UplinkHost, path: string): Promise<Result<UplinkDevice>> {
  const { session } = host;
  const back = await session.readString(`${path}/backend`);
  if (!back.ok) return back;
  const id = await session.readString(`${path}/backend-id`);
  if (!id.ok) return id;
  if (!/^[0-9]{1,5}$/.test(id.value)) return fail('EINVAL', `${path}/backend-id: '${id.value}'`);
  const shape = await readShape(session, path);
  if (!shape.ok) return shape;
  const uplink = createUplink(shape.value, (what) => caughtLying(state, what));
  const state: State = {
    ...{ host, path, back: back.value, backendId: Number(id.value), uplink },
    ...{ rings: undefined, isUsed: false, lie: undefined, lies: 0, told: undefined },
    ...{ onConnected: () => {}, isLooking: false, isToLookAgain: false },
  };
  const connected = new Promise<void>((resolve) => {
    state.onConnected = resolve;
  });
  void follow(state);
  await connected;
  return ok({ link: uplink.link, lost: uplink.lost });
}
