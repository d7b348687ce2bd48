/** Our store on a Unix socket, for programs that we did not write. */

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attach } from '../../services/xenstored/attach.ts';
import type { Store } from '../../services/xenstored/core/store.ts';
import { createStore } from '../../services/xenstored/core/store.ts';
import { createSimpleHost } from '../../services/xenstored/simple-host.ts';
import { overSocket } from '../peers/transport.ts';

export interface Served {
  readonly store: Store;
  readonly socket: string;
  stop(): Promise<void>;
}

export async function serveOurs(): Promise<Served> {
  const dir = await mkdtemp(join(tmpdir(), 'xtl-ours-'));
  const socket = join(dir, 'socket');
  const store = createStore({ host: createSimpleHost() });
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on('close', () => open.delete(client));
    attach(store, overSocket(client), 'socket');
  });
  await new Promise<void>((done) => server.listen(socket, done));
  return {
    store,
    socket,
    stop: async () => {
      for (const client of open) client.destroy();
      await new Promise((done) => server.close(done));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
