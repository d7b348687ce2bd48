/**
 * The context of a real process: Xen, xenstore and files of this machine, opened when asked for.
 */

import { randomBytes } from 'node:crypto';
import type { Result } from '../../shared/core/result.ts';
import { createImageFiles, KERNEL_CACHE_DIR } from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import type { Host } from '../host.ts';
import { processTerminal } from './terminal.ts';

export interface UnixContext extends Context {
  close(): Promise<void>;
}

export function unixContext(): UnixContext {
  let host: Promise<Result<Host>> | undefined;
  const openHost = (): Promise<Result<Host>> => {
    host ??= import('./host.ts').then(({ openUnixHost }) => openUnixHost());
    return host;
  };
  const files = async (): ReturnType<Context['files']> =>
    (await import('../../shared/platform/unix/files.ts')).unixFiles();
  return {
    terminal: processTerminal(),
    host: openHost,
    files,
    images: async () => createImageFiles(await files(), KERNEL_CACHE_DIR),
    random: () => randomBytes(16),
    probes: async () => (await import('./probes.ts')).unixProbes(),
    close: async () => {
      const opened = await host;
      if (opened?.ok) opened.value.close();
    },
  };
}
