/** A domain's end of its xenstore page, as a byte stream to the xenstored that serves it. */

import {
  XENSTORE_ERROR_NONE,
  XENSTORE_RECONNECT,
  XENSTORE_SERVER_FEATURE_ERROR,
  XENSTORE_SERVER_FEATURE_RECONNECTION,
  xenstoreDomainInterface,
} from '../abi/xs-wire.ts';
import type { Port } from '../core/ids.ts';
import { type Failure, fail, ok, type Result } from '../core/result.ts';
import { BROKEN, writeRing } from '../core/ring-moves.ts';
import type { Clock } from '../platform/clock.ts';
import type { Events } from '../platform/events.ts';
import type { Region } from '../platform/region.ts';
import type { XenstoreTransport } from '../platform/xenstore.ts';
import { readRing, XENSTORE_REPLIES, XENSTORE_REQUESTS } from './byte-ring.ts';

export interface XenstoreRingEnd {
  readonly events: Pick<Events, 'notify' | 'unmask' | 'listen'>;
  /**
   * The page, and our end of its event channel. Both stay the caller's, who frees them after close.
   */
  readonly region: Region;
  readonly port: Port;
}

const { serverFeatures, connection, error } = xenstoreDomainInterface.fields;
const CHUNK = XENSTORE_REPLIES.size;
/** Bytes that wait to be sent before the stream is given up: the server does not read. */
const QUEUE_MAX = 1 << 20;

interface State extends XenstoreRingEnd {
  /** What waits to be sent, and its size. */
  readonly queue: Uint8Array[];
  queued: number;
  open: boolean;
  onData: ((bytes: Uint8Array) => void) | undefined;
  onClose: ((reason?: Failure) => void) | undefined;
  ended: Failure | undefined;
}

const IMPOSSIBLE = 'the indices of the xenstore page are impossible';

function end(state: State, what: string): void {
  if (!state.open) return;
  state.open = false;
  state.queue.length = 0;
  state.ended = { errno: 'EPROTO', what };
  state.onClose?.(state.ended);
}

function send(state: State): void {
  const { events, region, port, queue } = state;
  let moved = false;
  for (let first = queue[0]; state.open && first !== undefined; first = queue[0]) {
    const count = writeRing(region, XENSTORE_REQUESTS, first, 0, first.length);
    if (count === BROKEN) end(state, IMPOSSIBLE);
    if (count <= 0) break;
    moved = true;
    state.queued -= count;
    if (count < first.length) queue[0] = first.subarray(count);
    else queue.shift();
  }
  if (moved && state.open) events.notify(port);
}

function receive(state: State): void {
  const { events, region, port } = state;
  while (state.open && state.onData !== undefined) {
    const chunk = new Uint8Array(CHUNK);
    const count = readRing(region, XENSTORE_REPLIES, chunk, 0, CHUNK);
    if (count === BROKEN) end(state, IMPOSSIBLE);
    if (count <= 0) return;
    // The other side may wait for room.
    events.notify(port);
    state.onData(chunk.subarray(0, count));
  }
}

function givenUp({ words }: Region): boolean {
  const tells = Atomics.load(words, serverFeatures.at / 4) & XENSTORE_SERVER_FEATURE_ERROR;
  return tells !== 0 && Atomics.load(words, error.at / 4) !== XENSTORE_ERROR_NONE;
}

function turn(state: State): void {
  receive(state);
  if (state.open) send(state);
  if (state.open && givenUp(state.region)) end(state, 'xenstored has given up this connection');
}

/** The stream of one connection, whose events whoever listens to the port passes on. */
function openStream(ring: XenstoreRingEnd): {
  readonly state: State;
  readonly transport: XenstoreTransport;
} {
  const state: State = {
    ...ring,
    queue: [],
    queued: 0,
    open: true,
    onData: undefined,
    onClose: undefined,
    ended: undefined,
  };
  const transport: XenstoreTransport = {
    write: (bytes) => {
      if (!state.open || bytes.length === 0) return;
      state.queue.push(bytes.slice());
      state.queued += bytes.length;
      if (state.queued > QUEUE_MAX) end(state, 'xenstored does not read');
      // Only sends: this may be called from within onData, whose order reading on would break.
      else send(state);
    },
    receive: (onData, onClose) => {
      state.onData = onData;
      state.onClose = onClose;
      if (state.ended !== undefined) onClose(state.ended);
      else if (state.open) turn(state);
    },
    close: () => {
      if (!state.open) return;
      state.open = false;
      state.queue.length = 0;
      state.onClose?.();
    },
  };
  return { state, transport };
}

/** Between looks at whether a store has begun the ring anew, and for how long in all. */
const ANEW_LOOK_MS = 20;
const ANEW_MS = 2000;

/** Asks for a ring that begins, and waits for it: meanwhile nothing in the page is ours. */
async function beginAnew(
  { events, region: { words }, port }: XenstoreRingEnd,
  clock: Pick<Clock, 'sleep' | 'nowMs'>,
): Promise<Result<void>> {
  const features = Atomics.load(words, serverFeatures.at / 4);
  // Such a one reads on where it is, and knows of no watch.
  if ((features & XENSTORE_SERVER_FEATURE_RECONNECTION) === 0) return ok();
  const due = clock.nowMs() + ANEW_MS;
  Atomics.store(words, connection.at / 4, XENSTORE_RECONNECT);
  events.notify(port);
  while (Atomics.load(words, connection.at / 4) === XENSTORE_RECONNECT) {
    if (clock.nowMs() >= due) return fail('ETIMEDOUT', 'xenstored does not begin our ring anew');
    await clock.sleep(ANEW_LOOK_MS);
  }
  return ok();
}

export interface XenstoreLink {
  /**
   * A stream over the ring as it is. It ends with EPROTO if the indices are impossible or the
   * server has given us up.
   */
  open(): XenstoreTransport;
  /**
   * The first time that; after it, a stream over a ring that begins: who connects again has lost
   * the one before. ETIMEDOUT: nobody begins it.
   */
  connect(): Promise<Result<XenstoreTransport>>;
}

const CHANNEL_CLOSED = 'the event channel of xenstore was closed';

/** Connections by one page, one at a time. */
export function xenstoreLink(
  ring: XenstoreRingEnd,
  clock: Pick<Clock, 'sleep' | 'nowMs'>,
): XenstoreLink {
  const { events, port } = ring;
  let current: State | undefined;
  const heard = (): void => {
    if (current?.open === true) turn(current);
    events.unmask(port);
  };
  let isClosed = false;
  events.listen(port, heard, () => {
    isClosed = true;
    if (current !== undefined) end(current, CHANNEL_CLOSED);
  });
  const open = (): XenstoreTransport => {
    const { state, transport } = openStream(ring);
    current = state;
    return transport;
  };
  return {
    open,
    connect: async () => {
      if (isClosed) return fail('ENOTCONN', CHANNEL_CLOSED);
      const begun = current === undefined ? ok() : await beginAnew(ring, clock);
      return begun.ok ? ok(open()) : begun;
    },
  };
}
