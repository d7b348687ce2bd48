/** An end of a connection that says what it likes, and notes what it is told. */

import { must } from '../../../shared/core/result.ts';
import type { BytePipe } from '../../../shared/platform/byte-pipe.ts';
import { decodeMessage, encodeMessage } from '../../../shared/rpc/codec.ts';
import { createFrames } from '../../../shared/rpc/frames.ts';
import { type Message, RPC_VERSION, toMessage, toValue } from '../../../shared/rpc/messages.ts';
import { shop } from './scene.ts';

export interface RawPeer {
  /** What the other end has said, in order; `closed` once it has gone. */
  readonly heard: (Message | 'closed')[];
  /** Bytes as they are. */
  put(bytes: Uint8Array): void;
  /** Any value as a message. */
  value(value: unknown): void;
  say(message: Message): void;
}

export const HELLO: Message = {
  ...{ kind: 'hello', rpc: RPC_VERSION, service: shop.service, version: shop.version },
};

export function createRawPeer(pipe: BytePipe, reads = true): RawPeer {
  const heard: (Message | 'closed')[] = [];
  const frames = createFrames();
  const listen = async (): Promise<void> => {
    const chunk = new Uint8Array(512);
    for (;;) {
      const count = await pipe.read(chunk);
      if (!count.ok || count.value === 0) break;
      frames.take(chunk, count.value, (bytes) => {
        heard.push(must(toMessage(must(decodeMessage(bytes)))));
      });
    }
    heard.push('closed');
  };
  if (reads) void listen();
  let last: Promise<unknown> = Promise.resolve();
  const put = (bytes: Uint8Array): void => {
    last = last.then(() => pipe.write(bytes));
  };
  const value = (one: unknown): void => put(must(encodeMessage(one)));
  return { heard, put, value, say: (message) => value(toValue(message)) };
}
