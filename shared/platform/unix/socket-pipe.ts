/** A connection to a Unix socket, as a pipe of bytes. */

import { createConnection, type Socket } from 'node:net';
import { ERRNO, type Errno } from '../../core/errno.ts';
import { type Failure, fail, ok, type Result } from '../../core/result.ts';
import type { BytePipe } from '../byte-pipe.ts';
import { reasonOf } from './reason.ts';

/** How long last words may take to leave. */
const LAST_WORDS_MS = 1000;

function errnoOf(error: Error): Errno {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ECONNRESET') return 'EPIPE';
  return code in ERRNO ? (code as Errno) : 'EIO';
}

function pipeOver(socket: Socket, path: string): BytePipe {
  let rest: Uint8Array | undefined;
  let closed: Failure | undefined;
  let wake: (() => void) | undefined;
  const tell = (): void => wake?.();
  const broken = (error: Error): Failure => ({
    errno: errnoOf(error),
    what: `connection to ${path}: ${reasonOf(error).words}`,
  });
  socket.on('error', (error) => {
    closed ??= broken(error);
    tell();
  });
  for (const event of ['readable', 'end', 'close'] as const) socket.on(event, tell);

  /** One look: undefined to wait. Bytes that nobody has asked for stay with the kernel. */
  const look = (into: Uint8Array): Result<number> | undefined => {
    if (closed !== undefined) return { ok: false, error: closed };
    rest ??= (socket.read() as Uint8Array | null) ?? undefined;
    if (rest === undefined) return socket.readableEnded || socket.destroyed ? ok(0) : undefined;
    const count = Math.min(rest.length, into.length);
    into.set(rest.subarray(0, count));
    rest = count === rest.length ? undefined : rest.subarray(count);
    return ok(count);
  };
  return {
    read: async (into) => {
      for (;;) {
        const found = look(into);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    write: (bytes) =>
      new Promise((resolve) => {
        if (closed !== undefined) return resolve({ ok: false, error: closed });
        socket.write(bytes, (error) => resolve(error ? { ok: false, error: broken(error) } : ok()));
      }),
    close: (why = { errno: 'ENOTCONN', what: 'this end closed the connection' }) => {
      if (closed !== undefined) return void socket.destroy();
      closed = why;
      const timer = setTimeout(() => socket.destroy(), LAST_WORDS_MS);
      socket.end(() => {
        clearTimeout(timer);
        socket.destroy();
      });
      tell();
    },
  };
}

/** Connects to a service's socket. ENOENT or ECONNREFUSED without one, EACCES without the right. */
export function connectPipe(path: string): Promise<Result<BytePipe>> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    const refused = (error: Error): void => {
      resolve(fail(errnoOf(error), `cannot reach ${path}: ${reasonOf(error).words}`));
    };
    socket.once('error', refused);
    socket.once('connect', () => {
      socket.off('error', refused);
      resolve(ok(pipeOver(socket, path)));
    });
  });
}
