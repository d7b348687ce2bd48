/**
 * The context of a real process: Xen, xenstore and files of this machine, opened when asked for.
 */

import { randomBytes } from 'node:crypto';
import { ok, type Result } from '../../shared/core/result.ts';
import { createImageFiles, KERNEL_CACHE_DIR } from '../../shared/domain/build/index.ts';
import { clock } from '../../shared/platform/unix/clock.ts';
import { holdSignals } from '../../shared/platform/unix/held-signals.ts';
import type { XenstoreClient } from '../../shared/xenstore/client.ts';
import type { Context } from '../context.ts';
import type { Host } from '../host.ts';
import { noXen } from './no-xen.ts';
import { processTerminal } from './terminal.ts';
import { trafficOf } from './traffic.ts';
import { tellIfSilent } from './waiting.ts';

export interface UnixContext extends Context {
  close(): Promise<void>;
}

/** Said when the user will not wait for what was begun to be taken back. */
const LEFT = `xtl: ended where it was: 'xtl doctor' names what is left\n`;

export function unixContext(): UnixContext {
  const terminal = processTerminal();
  let host: Promise<Result<Host>> | undefined;
  const openHost = (): Promise<Result<Host>> => {
    host ??= import('./host.ts').then(async ({ openUnixHost }) => {
      const opened = await openUnixHost();
      if (opened.ok) tellIfSilent(opened.value.xenstore, terminal.err);
      return opened;
    });
    return host;
  };
  let store: Promise<Result<XenstoreClient>> | undefined;
  const socketModule = () => import('../../shared/platform/unix/xenstore-socket.ts');
  const connect = async (): Promise<Result<XenstoreClient>> => {
    const transport = await (await socketModule()).connectXenstore();
    if (!transport.ok) return noXen(transport);
    const { createXenstoreClient } = await import('../../shared/xenstore/client.ts');
    const client = createXenstoreClient(transport.value);
    tellIfSilent(client, terminal.err);
    return ok(client);
  };
  const openStore = (): Promise<Result<XenstoreClient>> => {
    store ??= connect();
    return store;
  };
  const files = async (): ReturnType<Context['files']> =>
    (await import('../../shared/platform/unix/files.ts')).unixFiles();
  return {
    terminal,
    host: openHost,
    storeDomainHost: async () => (await import('./store-domain-host.ts')).openStoreDomainHost(),
    storeServices: async () => (await import('./store-services.ts')).unixStoreServices(),
    output: async (path) => (await import('./output-file.ts')).openOutput(path),
    files,
    images: async (how) => createImageFiles(await files(), KERNEL_CACHE_DIR, how?.dryRun !== true),
    random: () => randomBytes(16),
    xenstore: openStore,
    traffic: async () => {
      const { openSocket, xenstoreSocketPath } = await socketModule();
      // Beside the daemon's own socket; only our xenstored has it.
      const socket = await openSocket(`${xenstoreSocketPath()}.trace`);
      return socket.ok ? ok(trafficOf(socket.value)) : socket;
    },
    holdSignals: () => holdSignals(() => terminal.err.write(LEFT)),
    after: clock.after,
    probes: async () => (await import('./probes.ts')).unixProbes(),
    close: async () => {
      const opened = await host;
      if (opened?.ok) opened.value.close();
      const connected = await store;
      if (connected?.ok) connected.value.close();
    },
  };
}
