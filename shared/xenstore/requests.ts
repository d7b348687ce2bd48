/** Requests of one client on one connection: ids, packets in flight, replies, and loss. */

import { XENSTORE_PAYLOAD_MAX, XS_ERROR, XS_WATCH_EVENT } from '../abi/xs-wire.ts';
import type { Failure, Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import type { Clock } from '../platform/clock.ts';
import type { XenstoreTransport } from '../platform/xenstore.ts';
import { fromWireError, wireErrorReason } from './errors.ts';
import { firstString } from './strings.ts';
import { createDecoder, encodePacket } from './wire.ts';

/** Requests whose replies we await; later ones wait in line. */
export const IN_FLIGHT_MAX = 256;
/** Requests that may wait in line, so that a stuck store cannot eat our memory. */
export const WAITING_MAX = 16_384;

/** How long the store may take for a request. */
export interface Patience {
  readonly clock: Pick<Clock, 'after'>;
  readonly deadlineMs: number;
}

export interface Requests {
  /**
   * Sends one request; its reply's payload, or the store's error; ETIMEDOUT if there is none in
   * time, and nobody knows whether it was done. All requests of one turn of the event loop leave in
   * one write to the transport.
   */
  call(
    type: number,
    txId: number,
    what: string,
    ...parts: readonly (string | Uint8Array)[]
  ): Promise<Result<Uint8Array>>;
  /** The same without a deadline: however late its reply is, it is heard. */
  wait(
    type: number,
    txId: number,
    what: string,
    ...parts: readonly (string | Uint8Array)[]
  ): Promise<Result<Uint8Array>>;
  /** Why the connection ended, once it has. */
  lost(): Failure | undefined;
  /** Ends the connection; everything pending fails with ENOTCONN. */
  close(): void;
}

interface Pending {
  readonly type: number;
  readonly what: string;
  readonly packet: Uint8Array;
  /** Only the first call counts. */
  readonly settle: (result: Result<Uint8Array>) => void;
  /** Nobody waits for it any more. */
  isLate: boolean;
}

function concat(packets: readonly Uint8Array[]): Uint8Array {
  const only = packets[0];
  if (packets.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(packets.reduce((sum, packet) => sum + packet.length, 0));
  let at = 0;
  for (const packet of packets) {
    all.set(packet, at);
    at += packet.length;
  }
  return all;
}

/** Requests of one connection: those whose replies we await, and those in line behind them. */
interface Line {
  readonly transport: XenstoreTransport;
  readonly inFlight: Map<number, Pending>;
  waiting: Pending[];
  /** Those before it in `waiting` are sent. */
  first: number;
  nextId: number;
  flushing: boolean;
  loss: Failure | undefined;
}

/** Sends what may be sent, in one write. */
function flush(line: Line): void {
  const { inFlight, transport } = line;
  line.flushing = false;
  const packets: Uint8Array[] = [];
  while (inFlight.size < IN_FLIGHT_MAX) {
    const next = line.waiting[line.first];
    if (next === undefined) break;
    line.first++;
    if (next.isLate) continue;
    while (inFlight.has(line.nextId)) line.nextId = (line.nextId + 1) >>> 0;
    new DataView(next.packet.buffer).setUint32(4, line.nextId, true);
    inFlight.set(line.nextId, next);
    line.nextId = (line.nextId + 1) >>> 0;
    packets.push(next.packet);
  }
  if (line.first === line.waiting.length) {
    line.waiting = [];
    line.first = 0;
  }
  if (packets.length > 0) transport.write(concat(packets));
}

function flushSoon(line: Line): void {
  if (line.flushing) return;
  line.flushing = true;
  Promise.resolve().then(() => flush(line));
}

/** Ends everything pending; false if it had ended before. */
function lose(line: Line, why: Failure): boolean {
  if (line.loss !== undefined) return false;
  line.loss = why;
  line.transport.close();
  const orphans = [...line.inFlight.values(), ...line.waiting.slice(line.first)];
  line.inFlight.clear();
  line.waiting = [];
  line.first = 0;
  for (const { what, settle } of orphans) settle(fail(why.errno, `${what}: ${why.what}`));
  return true;
}

/** Settles the request that a reply belongs to; a failure if it belongs to none. */
function onReply(
  line: Line,
  type: number,
  reqId: number,
  payload: Uint8Array,
): Failure | undefined {
  const pending = line.inFlight.get(reqId);
  if (pending === undefined || (type !== pending.type && type !== XS_ERROR)) {
    return { errno: 'EPROTO', what: `the store sent an unasked reply (${type}, id ${reqId})` };
  }
  line.inFlight.delete(reqId);
  if (line.first < line.waiting.length) flushSoon(line);
  if (type === pending.type) pending.settle(ok(payload));
  else {
    const error = fromWireError(firstString(payload));
    pending.settle(fail(error, `${pending.what}: ${wireErrorReason(error)}`));
  }
  return undefined;
}

function call(
  line: Line,
  type: number,
  txId: number,
  what: string,
  parts: readonly (string | Uint8Array)[],
  patience: Patience | undefined,
): Promise<Result<Uint8Array>> {
  const { loss, waiting, first } = line;
  if (loss !== undefined) return Promise.resolve(fail(loss.errno, `${what}: ${loss.what}`));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > XENSTORE_PAYLOAD_MAX) {
    return Promise.resolve(fail('E2BIG', `${what}: ${length} bytes in one request`));
  }
  if (waiting.length - first >= WAITING_MAX) {
    return Promise.resolve(fail('EBUSY', `${what}: too many requests wait for the store`));
  }
  return new Promise((settle) => {
    const packet = encodePacket(type, 0, txId, ...parts);
    const pending: Pending = { type, what, packet, settle, isLate: false };
    line.waiting.push(patience === undefined ? pending : hurried(pending, patience));
    flushSoon(line);
  });
}

/** The request with a deadline. Its reply may still come, and is known by its id. */
function hurried(pending: Pending, { clock, deadlineMs }: Patience): Pending {
  const { settle, what } = pending;
  const cancel = clock.after(deadlineMs, () => {
    request.isLate = true;
    settle(fail('ETIMEDOUT', `${what}: no answer from the store in ${deadlineMs / 1000} s`));
  });
  const request: Pending = {
    ...pending,
    settle: (result) => {
      cancel();
      settle(result);
    },
  };
  return request;
}

/**
 * Takes the transport. `onEvent` gets the payload of every WATCH_EVENT; `onLoss` is called once,
 * when the connection ends.
 */
export function createRequests(
  transport: XenstoreTransport,
  onEvent: (payload: Uint8Array) => void,
  onLoss: (why: Failure) => void,
  patience: Patience | undefined,
): Requests {
  const line: Line = {
    transport,
    inFlight: new Map(),
    waiting: [],
    first: 0,
    nextId: 1,
    flushing: false,
    loss: undefined,
  };
  const end = (why: Failure): void => {
    if (lose(line, why)) onLoss(why);
  };
  const decoder = createDecoder((type, reqId, _txId, bytes, start, stop) => {
    if (line.loss !== undefined) return;
    const payload = bytes.slice(start, stop);
    if (type === XS_WATCH_EVENT) onEvent(payload);
    else {
      const wrong = onReply(line, type, reqId, payload);
      if (wrong !== undefined) end(wrong);
    }
  });
  transport.receive(
    (bytes) => {
      const pushed = decoder.push(bytes);
      if (!pushed.ok) end(pushed.error);
    },
    (reason) => end(reason ?? { errno: 'ENOTCONN', what: 'the store closed the connection' }),
  );
  return {
    call: (type, txId, what, ...parts) => call(line, type, txId, what, parts, patience),
    wait: (type, txId, what, ...parts) => call(line, type, txId, what, parts, undefined),
    lost: () => line.loss,
    close: () => end({ errno: 'ENOTCONN', what: 'this end closed the connection' }),
  };
}
