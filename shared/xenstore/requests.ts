/** Requests of one client on one connection: ids, packets in flight, replies, and loss. */

import { XENSTORE_PAYLOAD_MAX, XS_ERROR, XS_WATCH_EVENT } from '../abi/xs-wire.ts';
import type { Failure, Result } from '../core/result.ts';
import { fail, ok } from '../core/result.ts';
import type { XenstoreTransport } from '../platform/xenstore.ts';
import { fromWireError } from './errors.ts';
import { firstString } from './strings.ts';
import { createDecoder, encodePacket } from './wire.ts';

/** Requests whose replies we await; later ones wait in line. */
export const IN_FLIGHT_MAX = 256;
/** Requests that may wait in line, so that a stuck store cannot eat our memory. */
export const WAITING_MAX = 16_384;

export interface Requests {
  /**
   * Sends one request; its reply's payload, or the store's error. All requests of one turn of the
   * event loop leave in one write to the transport.
   */
  call(
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
  readonly settle: (result: Result<Uint8Array>) => void;
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

/** `onEvent` gets the payload of every WATCH_EVENT; `onLoss` is called once, when the connection ends. */
export function createRequests(
  transport: XenstoreTransport,
  onEvent: (payload: Uint8Array) => void,
  onLoss: (why: Failure) => void,
): Requests {
  const inFlight = new Map<number, Pending>();
  let waiting: Pending[] = [];
  let waitingFrom = 0;
  let nextId = 1;
  let flushing = false;
  let loss: Failure | undefined;

  const lose = (why: Failure): void => {
    if (loss !== undefined) return;
    loss = why;
    transport.close();
    const orphans = [...inFlight.values(), ...waiting.slice(waitingFrom)];
    inFlight.clear();
    waiting = [];
    for (const { what, settle } of orphans) settle(fail(why.errno, `${what}: ${why.what}`));
    onLoss(why);
  };

  const flush = (): void => {
    flushing = false;
    const packets: Uint8Array[] = [];
    while (inFlight.size < IN_FLIGHT_MAX) {
      const next = waiting[waitingFrom];
      if (next === undefined) break;
      waitingFrom++;
      while (inFlight.has(nextId)) nextId = (nextId + 1) >>> 0;
      new DataView(next.packet.buffer).setUint32(4, nextId, true);
      inFlight.set(nextId, next);
      nextId = (nextId + 1) >>> 0;
      packets.push(next.packet);
    }
    if (waitingFrom === waiting.length) {
      waiting = [];
      waitingFrom = 0;
    }
    if (packets.length > 0) transport.write(concat(packets));
  };

  const flushSoon = (): void => {
    if (flushing) return;
    flushing = true;
    Promise.resolve().then(flush);
  };

  const onReply = (type: number, reqId: number, payload: Uint8Array): void => {
    const pending = inFlight.get(reqId);
    if (pending === undefined || (type !== pending.type && type !== XS_ERROR)) {
      lose({ errno: 'EPROTO', what: `the store sent an unasked reply (${type}, id ${reqId})` });
      return;
    }
    inFlight.delete(reqId);
    if (waitingFrom < waiting.length) flushSoon();
    if (type === pending.type) pending.settle(ok(payload));
    else pending.settle(fail(fromWireError(firstString(payload)), pending.what));
  };

  const decoder = createDecoder((type, reqId, _txId, bytes, start, end) => {
    if (loss !== undefined) return;
    const payload = bytes.slice(start, end);
    if (type === XS_WATCH_EVENT) onEvent(payload);
    else onReply(type, reqId, payload);
  });

  transport.receive(
    (bytes) => {
      const pushed = decoder.push(bytes);
      if (!pushed.ok) lose(pushed.error);
    },
    (reason) => lose(reason ?? { errno: 'ENOTCONN', what: 'the store closed the connection' }),
  );

  return {
    call: (type, txId, what, ...parts) => {
      if (loss !== undefined) return Promise.resolve(fail(loss.errno, `${what}: ${loss.what}`));
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      if (length > XENSTORE_PAYLOAD_MAX) {
        return Promise.resolve(fail('E2BIG', `${what}: ${length} bytes in one request`));
      }
      if (waiting.length - waitingFrom >= WAITING_MAX) {
        return Promise.resolve(fail('EBUSY', `${what}: too many requests wait for the store`));
      }
      return new Promise((settle) => {
        waiting.push({ type, what, packet: encodePacket(type, 0, txId, ...parts), settle });
        flushSoon();
      });
    },
    lost: () => loss,
    close: () => lose({ errno: 'ENOTCONN', what: 'this end closed the connection' }),
  };
}
