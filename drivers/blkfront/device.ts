/** A disk of ours that another domain serves: its nodes, its ring, and what uses it. */

import { domid, type Port } from '../../shared/core/ids.ts';
import { fail, ok, type Result } from '../../shared/core/result.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Grants, Offer } from '../../shared/platform/grants.ts';
import { initRing } from '../../shared/ring/io-ring.ts';
import { type FrontDeed, nextFrontStep } from '../../shared/xenbus/front-state.ts';
import { parseState } from '../../shared/xenbus/states.ts';
import type { XenstoreSession } from '../../shared/xenstore/session.ts';
import { LISTS_MAX } from './core/limits.ts';
import { createUplink, type Uplink } from './core/uplink.ts';
import { readShape, ringKeys, ringOrder } from './keys.ts';

export interface UplinkHost {
  readonly session: XenstoreSession;
  readonly events: Pick<Events, 'allocUnbound' | 'notify' | 'unmask' | 'listen' | 'close'>;
  readonly grants: Pick<Grants, 'offer' | 'revoke'>;
  log(line: string): void;
}

export interface UplinkDevice {
  /** Who serves it. */
  readonly backendId: number;
  readonly uplink: Uplink;
}

interface Ring {
  readonly pages: Offer;
  readonly lists: Offer;
  readonly port: Port;
}

interface State {
  readonly host: UplinkHost;
  /** `/local/domain/3/device/vbd/51712` */
  readonly path: string;
  readonly back: string;
  readonly backendId: number;
  ring: Ring | undefined;
  uplink: Uplink | undefined;
  /** Told once. */
  told: string | undefined;
  onConnected: () => void;
}

function tell(state: State, what: string): void {
  if (state.told === what) return;
  state.told = what;
  state.host.log(`${state.path}: ${what}`);
}

function disconnect(state: State): void {
  const { ring, host, uplink } = state;
  uplink?.end();
  state.ring = undefined;
  if (ring === undefined) return;
  host.events.close(ring.port);
  // Pages that the back end still has mapped are freed when it lets go.
  host.grants.revoke(ring.pages);
  host.grants.revoke(ring.lists);
}

function makeRing({ host, backendId }: State, order: number): Result<Ring> {
  const { grants, events } = host;
  const remote = domid(backendId);
  const pages = grants.offer(remote, 2 ** order, 'rw');
  if (!pages.ok) return pages;
  const lists = grants.offer(remote, LISTS_MAX, 'ro');
  const port = lists.ok ? events.allocUnbound(remote) : lists;
  if (!lists.ok || !port.ok) {
    grants.revoke(pages.value);
    if (lists.ok) grants.revoke(lists.value);
    return port as Result<Ring>;
  }
  initRing(pages.value.region);
  return ok({ pages: pages.value, lists: lists.value, port: port.value });
}

async function offer(state: State): Promise<Result<void>> {
  const { host, path, back } = state;
  disconnect(state);
  const order = await ringOrder(host.session, back);
  if (!order.ok) return order;
  const ring = makeRing(state, order.value);
  if (!ring.ok) return ring;
  const { pages, port } = ring.value;
  state.ring = ring.value;
  return host.session.transaction((tx) => tx.writeAll(ringKeys(path, pages.grefs, port)));
}

async function connect(state: State): Promise<Result<void>> {
  const { host, back, ring } = state;
  if (ring === undefined) return fail('ENODEV', 'no ring');
  const shape = await readShape(host.session, back);
  if (!shape.ok) return shape;
  const { events } = host;
  const { port, pages, lists } = ring;
  const isNew = state.uplink === undefined;
  state.uplink ??= createUplink(shape.value, (what) => tell(state, what));
  const { uplink } = state;
  events.listen(port, () => {
    if (uplink.heard()) events.unmask(port);
  });
  uplink.begin({ pages, lists, notify: () => events.notify(port) }, shape.value);
  if (!isNew) host.log(`${state.path}: connected again`);
  return ok();
}

async function measure({ host, back, uplink }: State): Promise<Result<void>> {
  const shape = await readShape(host.session, back);
  if (shape.ok) uplink?.resize(shape.value);
  return shape.ok ? ok() : shape;
}

async function perform(state: State, deed: FrontDeed): Promise<Result<void>> {
  switch (deed) {
    case 'offer':
      return offer(state);
    case 'connect':
      return connect(state);
    case 'measure':
      return measure(state);
    case 'disconnect':
      disconnect(state);
      return ok();
    case 'nothing':
      return ok();
  }
}

async function told({ host }: State, path: string): Promise<Result<string | undefined>> {
  const read = await host.session.readString(path);
  if (read.ok) return read;
  return read.error.errno === 'ENOENT' ? ok(undefined) : read;
}

/** Steps until there is nothing to do. */
async function lookOnce(state: State): Promise<void> {
  const { host, path, back } = state;
  for (;;) {
    const [own, other, online] = await Promise.all([
      told(state, `${path}/state`),
      told(state, `${back}/state`),
      told(state, `${back}/online`),
    ]);
    // A store that stands still is no reason to do anything.
    if (!own.ok || !other.ok || !online.ok) return;
    const stateOf = (text: string | undefined) => (text === undefined ? text : parseState(text));
    const step = nextFrontStep({
      ...{ own: stateOf(own.value), other: stateOf(other.value) },
      ...{ isOnline: online.value !== '0', isOffered: state.ring !== undefined },
    });
    if (step === undefined) return;
    const done = await perform(state, step.deed);
    if (!done.ok) {
      tell(state, done.error.what);
      return;
    }
    if (step.state === undefined) return;
    const written = await host.session.write(`${path}/state`, String(step.state));
    if (!written.ok) return;
    if (step.deed === 'connect') state.onConnected();
  }
}

async function follow(state: State): Promise<void> {
  const { host, back } = state;
  const watch = host.session.watch(`${back}/state`);
  for await (const _ of watch) await lookOnce(state);
}

/**
 * Follows a device of our own domain. Once its back end has connected it for the first time there
 * is an uplink, which outlives the back end.
 */
export async function openUplink(host: UplinkHost, path: string): Promise<Result<UplinkDevice>> {
  const back = await host.session.readString(`${path}/backend`);
  if (!back.ok) return back;
  const id = await host.session.readString(`${path}/backend-id`);
  if (!id.ok) return id;
  if (!/^[0-9]{1,5}$/.test(id.value)) return fail('EINVAL', `${path}/backend-id: '${id.value}'`);
  const backendId = Number(id.value);
  const state: State = {
    ...{ host, path, back: back.value, backendId },
    ...{ ring: undefined, uplink: undefined, told: undefined, onConnected: () => {} },
  };
  const connected = new Promise<void>((resolve) => {
    state.onConnected = resolve;
  });
  void follow(state);
  await connected;
  return ok({ backendId, uplink: state.uplink as Uplink });
}
