/** What a xenstored shows of its traffic, by its socket. */

import type { Socket } from 'node:net';
import type { Traffic } from '../context.ts';

export function trafficOf(socket: Socket): Traffic {
  // A daemon that is killed has ended, too.
  socket.on('error', () => {});
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const bytes of socket) yield bytes as Uint8Array;
      } catch {}
    },
    close: () => socket.destroy(),
  };
}
