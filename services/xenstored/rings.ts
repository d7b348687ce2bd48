/**
 * All rings: who is served when. A domain is served when its event comes, at most a few requests at
 * a time; what is left waits in a queue for the next turn, so that a flood slows only its sender.
 */

import { XENSTORE_SERVER_FEATURE_RECONNECTION } from '../../shared/abi/xs-wire.ts';
import type { Port } from '../../shared/core/ids.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Events } from '../../shared/platform/events.ts';
import type { Connection } from './core/connection.ts';
import type { Store } from './core/store.ts';
import { EVENTS_PER_TURN, REQUESTS_PER_TURN, RINGS_PER_TURN } from './limits.ts';
import {
  createRing,
  emptyRing,
  hasInput,
  openPage,
  type Ring,
  type RingFault,
  type RingParts,
  type RingSink,
  sendOutput,
  setConnected,
  setFault,
  type Taken,
  takePacket,
  wantsReconnect,
} from './ring.ts';
import type { Tap } from './tap.ts';

export interface RingsHost {
  readonly store: Store;
  readonly tap: Tap;
  readonly clock: Clock;
  readonly events: Events;
  /** Calls `run` once, after all that is ready now. */
  soon(run: () => void): void;
  /** What comes now is handled together, as if at one time. */
  begin(): void;
  /** Lets everybody send who has something to send. */
  flush(): void;
  /** A ring is full: what it does not read may expire. */
  unread(): void;
  report(line: string): void;
}

export interface Rings {
  /** Serves a ring. `fresh`: nothing in it is to be kept. */
  add(connection: Connection, parts: RingParts, fresh: boolean): void;
  /** INTRODUCE again: forgets what is under way and listens to a new port, if there is one. */
  rebind(connection: Connection, bind: () => Port | undefined): void;
  remove(connection: Connection): void;
  /** After each flush: rings that waited for others to read may go on. */
  settle(): void;
  closeAll(): void;
}

interface State {
  readonly host: RingsHost;
  readonly rings: Map<Connection, Ring>;
  /** Rings with requests that wait for their turn. */
  queue: Ring[];
  /** A turn has been asked for. */
  planned: boolean;
  /** Rings over a quota until somebody reads. */
  readonly blocked: Set<Ring>;
  /** Rings with part of a packet for which there is no memory. */
  readonly needRoom: Set<Ring>;
  readonly hasRoom: () => boolean;
  readonly sink: RingSink;
}

function planTurn(state: State): void {
  if (state.planned || state.queue.length === 0) return;
  state.planned = true;
  state.host.soon(() => {
    state.planned = false;
    const { state: store } = state.host.store;
    const enough = store.work + EVENTS_PER_TURN;
    const waiting = state.queue;
    state.queue = [];
    let served = 0;
    for (; served < waiting.length && served < RINGS_PER_TURN && store.work < enough; served++) {
      const ring = waiting[served] as Ring;
      ring.queued = false;
      serve(state, ring);
    }
    state.queue = [...waiting.slice(served), ...state.queue];
    planTurn(state);
  });
}

function enqueue(state: State, ring: Ring): void {
  if (ring.queued || !ring.open) return;
  ring.queued = true;
  state.queue.push(ring);
  planTurn(state);
}

function giveUp({ host }: State, ring: Ring, fault: RingFault): void {
  host.report(`domain ${ring.connection.domid}: not served any more: ${fault}`);
  setFault(ring, fault);
  host.store.ignore(ring.connection);
}

/** One event for all that was moved in a turn: for a ring that owes one. */
function tell({ host }: State, ring: Ring): void {
  if (ring.port === undefined) return;
  ring.owesNotify = false;
  host.events.notify(ring.port);
}

function send(state: State, ring: Ring): void {
  const { connection } = ring;
  if (!ring.open || connection.ignored) return;
  const { tap, unread } = state.host;
  const sent = tap.isActive ? (bytes: Uint8Array) => tap.sent(connection, bytes) : undefined;
  const fault = sendOutput(ring, sent);
  if (fault !== undefined) giveUp(state, ring, fault);
  else if (connection.output.size > 0) unread();
  if (ring.owesNotify) tell(state, ring);
}

/**
 * What comes next for a ring that was served: more now, later, when others have read, or nothing.
 */
function planNext(state: State, ring: Ring): void {
  if (!ring.open || ring.connection.ignored || !hasInput(ring)) return;
  const { clock, store } = state.host;
  const delayMs = store.readDelayMs(ring.connection);
  if (delayMs === 0) enqueue(state, ring);
  else if (delayMs === Number.POSITIVE_INFINITY) state.blocked.add(ring);
  else {
    ring.cancelTimer ??= clock.after(delayMs, () => {
      ring.cancelTimer = undefined;
      enqueue(state, ring);
    });
  }
}

const always = (): boolean => true;

function serve(state: State, ring: Ring): void {
  const { connection } = ring;
  const { begin, flush, store } = state.host;
  if (!ring.open) return;
  begin();
  // The domain asks to start anew; dom0's own page has no such field.
  if (connection !== store.dom0 && wantsReconnect(ring)) {
    store.introduce(connection.domid);
    startAnew(ring);
  }
  // First what waits for room: until it is read it may count against a quota.
  if (connection.output.size > 0) send(state, ring);
  let taken: Taken = 'packet';
  const enough = store.state.work + EVENTS_PER_TURN;
  for (let left = REQUESTS_PER_TURN; left > 0 && ring.open && !connection.ignored; left--) {
    if (store.readDelayMs(connection) > 0 || store.state.work > enough) break;
    taken = takePacket(ring, state.sink, connection === store.dom0 ? always : state.hasRoom);
    // Looked for until there is nothing: who puts something behind what is not taken yet tells of
    // it by no event (xb_write in Linux's xenbus_comms.c, v6.1).
    if (taken !== 'packet') break;
  }
  if (taken === 'no room') state.needRoom.add(ring);
  else if (taken !== 'packet' && taken !== 'nothing') {
    // What came whole is answered even so.
    send(state, ring);
    if (!connection.ignored) giveUp(state, ring, taken);
  }
  flush();
  if (!ring.open) return;
  if (ring.owesNotify) tell(state, ring);
  if (taken === 'packet') planNext(state, ring);
}

/** Serves a ring at each of its events, until its port is closed. */
function listen(state: State, ring: Ring, port: Port): void {
  const { events } = state.host;
  events.listen(port, () => {
    if (!ring.queued) serve(state, ring);
    // Only now: a domain that floods us with events is heard once a turn.
    if (ring.port === port) events.unmask(port);
  });
}

/** In the page: what the store offers, and that a ring may start anew, which the daemon sees to. */
function featuresOf({ domain }: Connection): number {
  const features = domain?.features ?? 0;
  return features === 0 ? 0 : features | XENSTORE_SERVER_FEATURE_RECONNECTION;
}

function startAnew(ring: Ring): void {
  emptyRing(ring);
  openPage(ring, featuresOf(ring.connection));
  if (wantsReconnect(ring)) setConnected(ring);
}

function add(state: State, connection: Connection, parts: RingParts, fresh: boolean): void {
  const ring = createRing(connection, parts);
  state.rings.set(connection, ring);
  connection.wake = () => send(state, ring);
  // Whoever asked one before us for that has waited since, and moves nothing.
  if (fresh || wantsReconnect(ring)) startAnew(ring);
  else {
    openPage(ring, featuresOf(connection));
    setConnected(ring);
    enqueue(state, ring);
  }
  if (ring.owesNotify) tell(state, ring);
  if (ring.port !== undefined) listen(state, ring, ring.port);
}

function closePort({ host }: State, ring: Ring): void {
  const { port } = ring;
  ring.port = undefined;
  if (port !== undefined) host.events.close(port);
}

function rebind(state: State, ring: Ring, bind: () => Port | undefined): void {
  closePort(state, ring);
  ring.port = bind();
  startAnew(ring);
  if (ring.owesNotify) tell(state, ring);
  if (ring.port === undefined) giveUp(state, ring, 'event channel');
  else listen(state, ring, ring.port);
}

function remove(state: State, connection: Connection): void {
  const ring = state.rings.get(connection);
  if (ring === undefined) return;
  state.rings.delete(connection);
  state.blocked.delete(ring);
  state.needRoom.delete(ring);
  ring.cancelTimer?.();
  ring.open = false;
  connection.wake = undefined;
  closePort(state, ring);
  ring.unmap();
}

function unblock(state: State): void {
  for (const ring of state.blocked) {
    const delayMs = state.host.store.readDelayMs(ring.connection);
    if (delayMs === Number.POSITIVE_INFINITY) continue;
    state.blocked.delete(ring);
    enqueue(state, ring);
  }
}

export function createRings(host: RingsHost): Rings {
  const { store, tap } = host;
  const state: State = {
    host,
    rings: new Map(),
    queue: [],
    planned: false,
    blocked: new Set(),
    needRoom: new Set(),
    hasRoom: () => store.state.host.hasRoom?.() !== false,
    sink: (connection, type, reqId, txId, bytes, start, end) => {
      if (tap.isActive) tap.received(connection, type, bytes, start, end);
      store.handle(connection, type, reqId, txId, bytes, start, end);
    },
  };
  return {
    add: (connection, parts, fresh) => add(state, connection, parts, fresh),
    rebind: (connection, bind) => {
      const ring = state.rings.get(connection);
      if (ring !== undefined) rebind(state, ring, bind);
    },
    remove: (connection) => remove(state, connection),
    settle: () => {
      if (state.blocked.size > 0) unblock(state);
      if (state.needRoom.size === 0 || !state.hasRoom()) return;
      for (const ring of state.needRoom) enqueue(state, ring);
      state.needRoom.clear();
    },
    closeAll: () => {
      for (const connection of [...state.rings.keys()]) remove(state, connection);
    },
  };
}
