/** What a client asks of the store: how many requests, and how many round trips they take. */

import type { XenstoreTransport } from '../../../shared/platform/xenstore.ts';
import { createDecoder } from '../../../shared/xenstore/wire.ts';

export interface StoreMeter {
  /** Requests so far. */
  readonly requests: number;
  /**
   * The longest chain so far of requests of which each was sent after the answer to the one before
   * it: what cannot be had by fewer round trips, however quick the store is.
   */
  readonly trips: number;
  /** The same transport, measured. */
  on(transport: XenstoreTransport): XenstoreTransport;
}

export function createStoreMeter(): StoreMeter {
  let [requests, trips] = [0, 0];
  return {
    get requests() {
      return requests;
    },
    get trips() {
      return trips;
    },
    on: (transport) => {
      /** How long the chain is that each request under way ends. */
      const underWay = new Map<number, number>();
      const sent = createDecoder((_type, reqId) => {
        requests++;
        underWay.set(reqId, trips + 1);
      });
      const received = createDecoder((_type, reqId) => {
        trips = Math.max(trips, underWay.get(reqId) ?? 0);
        underWay.delete(reqId);
      });
      return {
        write: (bytes) => {
          sent.push(bytes);
          transport.write(bytes);
        },
        receive: (onData, onClose) =>
          transport.receive((bytes) => {
            received.push(bytes);
            onData(bytes);
          }, onClose),
        close: transport.close,
      };
    },
  };
}
