/**
 * Xenstore over the Unix socket of a xenstored in this domain, or, where there is none, over the
 * kernel's device (the order of libxenstore's xs_open(): tools/libs/store/xs.c @ RELEASE-4.17.0).
 */

import { statSync } from 'node:fs';
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

/** ENOENT or ECONNREFUSED without a xenstored there, EACCES without privilege. */
export function connectSocket(path: string): Promise<Result<XenstoreTransport>> {
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

const DEVICES = ['/dev/xen/xenbus', '/proc/xen/xenbus'];

/** A device, not a socket, nor a name for what is not there. */
function isDevice(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isSocket();
}

/**
 * Connects to the host's xenstored. `XENSTORED_PATH` may name its socket or the kernel's device;
 * without it the socket comes first, then the device, which also leads to a xenstored in a domain
 * of its own. Errors are those of the socket where nothing else is there.
 */
export async function connectXenstore(
  env: NodeJS.ProcessEnv = process.env,
  devices: readonly string[] = DEVICES,
): Promise<Result<XenstoreTransport>> {
  const path = xenstoreSocketPath(env);
  const byDevice = async (device: string) =>
    (await import('./xenbus-device.ts')).connectXenbus(device);
  if (env.XENSTORED_PATH) return isDevice(path) ? byDevice(path) : connectSocket(path);
  const connected = await connectSocket(path);
  if (connected.ok || !['ENOENT', 'ECONNREFUSED'].includes(connected.error.errno)) return connected;
  const device = devices.find(isDevice);
  return device === undefined ? connected : byDevice(device);
}
