/** A guest that speaks to its ring byte by byte, as a hostile or a very slow one would. */

import { XS_ERROR, XS_WATCH_EVENT, xenstoreDomainInterface } from '../../shared/abi/xs-wire.ts';
import { writeRing } from '../../shared/core/ring-moves.ts';
import { fromLatin1 } from '../../shared/core/text.ts';
import {
  readRing,
  ringReady,
  XENSTORE_REPLIES,
  XENSTORE_REQUESTS,
} from '../../shared/ring/byte-ring.ts';
import { createDecoder, encodePacket } from '../../shared/xenstore/wire.ts';
import type { Guest, SimXenstored } from './xenstored-host.ts';

export interface Said {
  readonly type: number;
  readonly reqId: number;
  readonly payload: string;
}

const fields = xenstoreDomainInterface.fields;
export type PageField = 'reqCons' | 'reqProd' | 'rspCons' | 'rspProd' | PageWord;
type PageWord = 'serverFeatures' | 'connection' | 'error';

export interface RawGuest {
  readonly guest: Guest;
  field(name: PageField): number;
  setField(name: PageField, value: number): void;
  /** Puts bytes in the ring without an event; false if there is no room for all of them. */
  put(bytes: Uint8Array): boolean;
  /** As many of them as there is room for. */
  putSome(bytes: Uint8Array): void;
  /** The same with an event. */
  send(type: number, ...words: readonly string[]): void;
  /** At most so many bytes of the replies, with an event; what was whole of all read so far. */
  take(max?: number): readonly Said[];
  /** Sends, lets time pass, and takes all. */
  ask(type: number, ...words: readonly string[]): Promise<readonly Said[]>;
  /** Requests that the daemon has not taken, in bytes; and replies that we have not. */
  waiting(): { requests: number; replies: number };
}

/** A request as the wire has it: the words each with its NUL. */
export function packet(type: number, ...words: readonly string[]): Uint8Array {
  return encodePacket(type, 7, 0, ...words.map((word) => `${word}\0`));
}

export function rawGuest({ sim }: SimXenstored, guest: Guest): RawGuest {
  const { page, notify } = guest;
  let said: Said[] = [];
  const decoder = createDecoder((type, reqId, _txId, bytes, start, end) => {
    said.push({ type, reqId, payload: fromLatin1(bytes.subarray(start, end)) });
  });
  const raw: RawGuest = {
    guest,
    field: (name) => Atomics.load(page.words, fields[name].at / 4) >>> 0,
    setField: (name, value) => void Atomics.store(page.words, fields[name].at / 4, value | 0),
    put: (bytes) => {
      const room = XENSTORE_REQUESTS.size - ringReady(page, XENSTORE_REQUESTS);
      return room >= bytes.length && writeRing(page, XENSTORE_REQUESTS, bytes, 0, bytes.length) > 0;
    },
    putSome: (bytes) => void writeRing(page, XENSTORE_REQUESTS, bytes, 0, bytes.length),
    send: (type, ...words) => {
      raw.put(packet(type, ...words));
      notify();
    },
    take: (max = 1 << 20) => {
      const chunk = new Uint8Array(1024);
      let left = max;
      while (left > 0) {
        const count = readRing(page, XENSTORE_REPLIES, chunk, 0, Math.min(left, chunk.length));
        if (count <= 0) break;
        left -= count;
        decoder.push(chunk.subarray(0, count));
      }
      notify();
      const whole = said;
      said = [];
      return whole;
    },
    ask: async (type, ...words) => {
      raw.send(type, ...words);
      await sim.advance(1);
      return raw.take();
    },
    waiting: () => ({
      requests: ringReady(page, XENSTORE_REQUESTS),
      replies: ringReady(page, XENSTORE_REPLIES),
    }),
  };
  return raw;
}

/** `error EACCES`, `event /x token`, or the reply's payload, with | for NUL. */
export function show({ type, payload }: Said): string {
  const text = payload.replaceAll('\0', '|');
  if (type === XS_ERROR) return `error ${text.slice(0, -1)}`;
  return type === XS_WATCH_EVENT ? `event ${text}` : text;
}
