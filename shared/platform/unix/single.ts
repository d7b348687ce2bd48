/** One process of a kind on a host: whoever listens on the socket is it. */

import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { makeFolder } from './folders.ts';

/** Whether a process listens at `path`. */
export function isRunning(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** The server that says so, or undefined if another process listens already. */
export async function becomeTheOne(path: string): Promise<Server | undefined> {
  if (await isRunning(path)) return undefined;
  makeFolder(dirname(path), 0o700);
  // A socket that nobody answers on is what an earlier process left.
  rmSync(path, { force: true });
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', () => resolve(undefined));
    server.listen(path, () => resolve(server));
  });
}
