// The lifecycle service as a process of dom0: one for all domains, gone when the last of them is.
import { randomFillSync } from 'node:crypto';
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import {
  createImageFiles,
  KERNEL_CACHE_DIR,
  LIFECYCLE_LOCK,
} from '../../shared/domain/build/index.ts';
import { unixFiles } from '../../shared/platform/unix/files.ts';
import { makeFolder } from '../../shared/platform/unix/folders.ts';
import { droppedRecord, openLineFile } from '../../shared/platform/unix/line-file.ts';
import { lockFile } from '../../shared/platform/unix/lock-file.ts';
import { openUnix } from '../../shared/platform/unix/platform.ts';
import { builders } from '../../shared/platform/unix/process-id.ts';
import { runScript } from '../../shared/platform/unix/run-script.ts';
import { connectXenstore } from '../../shared/platform/unix/xenstore-socket.ts';
import { createXenstoreClient } from '../../shared/xenstore/client.ts';
import { LINGER_MS } from './limits.ts';
import { domainsOfOurs, lifecycleService } from './service.ts';
import type { LifecycleHost } from './vm-end.ts';

const LOG_PATH = '/var/log/xtl/lifecycle.log';

interface OpenHost extends LifecycleHost {
  close(): void;
}

async function openHost(log: Logger): Promise<OpenHost | undefined> {
  const platform = openUnix();
  const socket = platform.ok ? await connectXenstore() : platform;
  if (!platform.ok || !socket.ok) {
    log.error(socket.ok ? 'no platform' : socket.error.what);
    return undefined;
  }
  const xenstore = createXenstoreClient(socket.value);
  const files = unixFiles();
  return {
    ...platform.value,
    xenstore,
    builders,
    files,
    runScript,
    images: createImageFiles(files, KERNEL_CACHE_DIR),
    random: (bytes) => randomFillSync(new Uint8Array(bytes)),
    log: (line) => log.info(line),
    close: () => {
      xenstore.close();
      platform.value.close();
    },
  };
}

/** A log that cannot be written is no reason to leave domains alone that end. */
function openLog(): Logger {
  makeFolder(dirname(LOG_PATH), 0o755);
  const file = openLineFile(LOG_PATH, droppedRecord);
  const write = (line: string): void => {
    if (file.ok) file.value.write(line.trimEnd());
  };
  return pino({ base: { service: 'lifecycle' } }, { write });
}

/** The exit status: 0 when the last domain is gone, or if another service does the work. */
async function main(): Promise<number> {
  const log = openLog();
  makeFolder(dirname(LIFECYCLE_LOCK), 0o700);
  for (;;) {
    const lock = lockFile(LIFECYCLE_LOCK);
    if (!lock.ok) {
      if (lock.error.errno === 'EBUSY') return 0;
      log.error(lock.error.what);
      return 1;
    }
    const host = await openHost(log);
    if (host === undefined) return 1;
    const ended = await lifecycleService(host);
    if (!ended.ok) {
      log.error(ended.error.what);
      return 1;
    }
    await host.clock.sleep(LINGER_MS);
    // From here on a new VM finds nobody and starts a service of its own; one that came just before
    // is seen by this last look.
    lock.value.release();
    const left = await domainsOfOurs(host);
    host.close();
    if (left.ok && left.value.length === 0) return 0;
  }
}

process.exit(await main());
