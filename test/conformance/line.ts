/** One connection to a store that is not ours: a request at a time, events beside. */

import { XS_WATCH_EVENT } from '../../shared/abi/xs-wire.ts';
import { fromLatin1 } from '../../shared/core/text.ts';
import type { XenstoreTransport } from '../../shared/platform/xenstore.ts';
import { createDecoder, encodePacket } from '../../shared/xenstore/wire.ts';
import type { Reply } from './subject.ts';

export interface Line {
  /** Fails if the connection ends or nothing comes for 10 s. */
  ask(type: number, txId: number, payload: string): Promise<Reply>;
  /** The events that have come since the last call. */
  takeEvents(): string[];
  close(): void;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

const REPLY_MS = 10_000;
/** After it is known whether the daemon has ended. */
const LOST_MS = 200;

/** `ended` says why the store is gone, if it is. */
export function openLine(
  transport: XenstoreTransport,
  name: string,
  ended: () => string | undefined,
): Line {
  const waiting: Waiting[] = [];
  let events: string[] = [];
  const decoder = createDecoder((type, _reqId, _txId, bytes, start, end) => {
    const payload = fromLatin1(bytes.subarray(start, end));
    if (type === XS_WATCH_EVENT) events.push(payload);
    else waiting.shift()?.resolve({ type, payload });
  });
  const lost = (): void => {
    const orphans = waiting.splice(0);
    const error = new Error(`${name} was cut off`);
    setTimeout(() => {
      for (const { reject } of orphans) reject(error);
    }, LOST_MS);
  };
  transport.receive((data) => decoder.push(data), lost);
  return {
    ask: (type, txId, payload) =>
      new Promise<Reply>((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`${ended() ?? 'no reply'}: ${name}, ${type}`)),
          REPLY_MS,
        );
        const done = (): void => clearTimeout(late);
        waiting.push({
          resolve: (reply) => {
            done();
            resolve(reply);
          },
          reject: (error) => {
            done();
            reject(error);
          },
        });
        transport.write(encodePacket(type, 1, txId, payload));
      }),
    takeEvents: () => {
      const taken = events;
      events = [];
      return taken;
    },
    close: () => transport.close(),
  };
}
