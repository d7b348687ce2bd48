/** A xenstore transport over a connected socket, for tests. */

import type { Socket } from 'node:net';
import type { XenstoreTransport } from '../../shared/platform/xenstore.ts';

export function overSocket(socket: Socket): XenstoreTransport {
  return {
    write: (bytes) => {
      if (!socket.destroyed) socket.write(bytes);
    },
    receive: (onData, onClose) => {
      socket.on('data', onData);
      socket.on('error', () => {});
      socket.on('close', () => onClose());
    },
    close: () => socket.destroy(),
  };
}
