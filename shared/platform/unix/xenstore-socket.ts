/** Xenstore over the Unix socket of a xenstored in this domain. */

import { createConnection, type Socket } from 'node:net';
import { ERRNO, type Errno } from '../../core/errno.ts';
import { type Failure, fail, ok, type Result } from '../../core/result.ts';
import type { XenstoreTransport } from '../xenstore.ts';

/** Where xenstored listens: `XENSTORED_PATH`, `socket` in `XENSTORED_RUNDIR`, or Debian's place. */
export function xenstoreSocketPath(env: NodeJS.ProcessEnv = process.env): string {
  return env.XENSTORED_PATH || `${env.XENSTORED_RUNDIR || '/run/xenstored'}/socket`;
}

function errnoOf(error: Error): Errno {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ECONNRESET') return 'EPIPE';
  return code in ERRNO ? (code as Errno) : 'EIO';
}

/** What arrived before anybody received it, and how it ended. */
function transport(socket: Socket, path: string): XenstoreTransport {
  let early: Uint8Array[] = [];
  let ended: { reason?: Failure } | undefined;
  let onData = (bytes: Uint8Array): void => {
    early.push(bytes);
  };
  let onClose: ((reason?: Failure) => void) | undefined;
  const end = (reason?: Failure) => {
    if (ended) return;
    ended = reason ? { reason } : {};
    onClose?.(reason);
  };
  socket.on('data', (bytes: Uint8Array) => onData(bytes));
  socket.on('error', (error) =>
    end({ errno: errnoOf(error), what: `connection to ${path}: ${error.message}` }),
  );
  socket.on('close', () => end());
  return {
    write: (bytes) => {
      if (!ended && !socket.destroyed) socket.write(bytes);
    },
    receive: (data, close) => {
      onData = data;
      onClose = close;
      const waiting = early;
      early = [];
      for (const bytes of waiting) data(bytes);
      if (ended) close(ended.reason);
    },
    close: () => {
      socket.destroy();
    },
  };
}

/** Connects to a xenstored. ENOENT or ECONNREFUSED without one, EACCES without privilege. */
export function connectXenstore(path = xenstoreSocketPath()): Promise<Result<XenstoreTransport>> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    const refused = (error: Error) => {
      resolve(fail(errnoOf(error), `cannot reach xenstored at ${path}: ${error.message}`));
    };
    socket.once('error', refused);
    socket.once('connect', () => {
      socket.off('error', refused);
      resolve(ok(transport(socket, path)));
    });
  });
}
