/**
 * Xenstore over the Unix socket of a xenstored in this domain, or, where there is none, over the
 * kernel's device (the order of libxenstore's xs_open(): tools/libs/store/xs.c @ RELEASE-4.17.0).
 */

import { statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { ERRNO, type Errno } from '../../core/errno.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { XenstoreTransport } from '../xenstore.ts';
import { reasonOf } from './reason.ts';
import { createReceiver } from './receiver.ts';

/** Where xenstored keeps its socket: `XENSTORED_RUNDIR`, or Debian's place. */
export function xenstoreRunDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.XENSTORED_RUNDIR || '/run/xenstored';
}

/** Where xenstored listens: `XENSTORED_PATH`, or `socket` in its run directory. */
export function xenstoreSocketPath(env: NodeJS.ProcessEnv = process.env): string {
  return env.XENSTORED_PATH || `${xenstoreRunDir(env)}/socket`;
}

function errnoOf(error: Error): Errno {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ECONNRESET') return 'EPIPE';
  return code in ERRNO ? (code as Errno) : 'EIO';
}

function transport(socket: Socket, path: string): XenstoreTransport {
  const receiver = createReceiver();
  socket.on('data', receiver.take);
  socket.on('error', (error) =>
    receiver.end({
      errno: errnoOf(error),
      what: `connection to ${path}: ${reasonOf(error).words}`,
    }),
  );
  socket.on('close', () => receiver.end());
  return {
    write: (bytes) => {
      if (!receiver.hasEnded() && !socket.destroyed) socket.write(bytes);
    },
    receive: receiver.receive,
    close: () => {
      socket.destroy();
    },
  };
}

/** ENOENT or ECONNREFUSED without a xenstored there, EACCES without privilege. */
export async function connectSocket(path: string): Promise<Result<XenstoreTransport>> {
  const socket = await openSocket(path);
  return socket.ok ? ok(transport(socket.value, path)) : socket;
}

/** The same, as it is: nothing of it is read yet. */
export function openSocket(path: string): Promise<Result<Socket>> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    const refused = (error: Error) => {
      resolve(fail(errnoOf(error), `cannot reach xenstored at ${path}: ${reasonOf(error).words}`));
    };
    socket.once('error', refused);
    socket.once('connect', () => {
      socket.off('error', refused);
      resolve(ok(socket));
    });
  });
}

const DEVICES = ['/dev/xen/xenbus', '/proc/xen/xenbus'];

/** A device, not a socket, nor a name for what is not there. */
function isDevice(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    // A plain file has no events to wait for: a connection to it is refused in words.
    return found !== undefined && !found.isSocket() && !found.isFile() && !found.isDirectory();
  } catch {
    return false;
  }
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
