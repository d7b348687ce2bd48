// The keeper as a process of dom0.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Logger, pino } from 'pino';
import { BLKBACK_LOCK, KEEPER_LOCK, NETBACK_LOCK } from '../../shared/domain/build/index.ts';
import { makeFolders } from '../../shared/platform/unix/folders.ts';
import { droppedRecord, openLineFile } from '../../shared/platform/unix/line-file.ts';
import { lockFile } from '../../shared/platform/unix/lock-file.ts';
import { lockHolder } from '../../shared/platform/unix/lock-holder.ts';
import { notifyReady } from '../../shared/platform/unix/notify-ready.ts';
import { openUnix } from '../../shared/platform/unix/platform.ts';
import { holdTap } from '../../shared/platform/unix/tap-device.ts';
import { connectXenstore } from '../../shared/platform/unix/xenstore-socket.ts';
import { openXenstoreSession } from '../../shared/xenstore/session.ts';
import { kernelBus } from './kernel-bus.unix.ts';
import { STORE_DEADLINE_MS } from './limits.ts';
import { type Backend, keep } from './service.ts';
import type { Program } from './supervise.ts';

const LOG_PATH = '/var/log/xtl/keeper.log';

/** A program beside ours, in a session of its own: it outlives us. */
function program(name: string, lock: string): Program {
  const path = fileURLToPath(new URL(`./${name}`, import.meta.url));
  return {
    name,
    isRunning: () => lockHolder(lock) !== undefined,
    run: () =>
      new Promise((resolve) => {
        const child = spawn(path, { detached: true, stdio: 'ignore', cwd: '/' });
        child.on('error', (error) => resolve(error.message));
        child.on('exit', (code, signal) => resolve(signal ?? `status ${code}`));
      }),
  };
}

function backend(kind: string, name: string, lock: string): Backend {
  // Who starts us for a device need not wait for one after the other.
  return { kind, program: program(name, lock), isAwaited: process.argv.includes(name) };
}

function openLog(): Logger {
  makeFolders(dirname(LOG_PATH), 0o755);
  const file = openLineFile(LOG_PATH, droppedRecord);
  const write = (line: string): void => {
    if (file.ok) file.value.write(line.trimEnd());
  };
  return pino({ base: { service: 'keeper' } }, { write });
}

/** The exit status, where it does not go on. */
function main(log: Logger): number | undefined {
  makeFolders(dirname(KEEPER_LOCK), 0o700);
  const lock = lockFile(KEEPER_LOCK);
  if (!lock.ok) {
    if (lock.error.errno === 'EBUSY') return 0;
    log.error(lock.error.what);
    return 1;
  }
  const platform = openUnix();
  if (!platform.ok) {
    log.error(platform.error.what);
    return 1;
  }
  const { clock, grants } = platform.value;
  const session = openXenstoreSession({
    ...{ connect: () => connectXenstore(), clock, deadlineMs: STORE_DEADLINE_MS },
  });
  const keeper = keep({
    ...{ session, clock, grants, log: (line) => log.info(line) },
    backends: [backend('vbd', 'blkback', BLKBACK_LOCK), backend('vif', 'netback', NETBACK_LOCK)],
    holdLink: holdTap,
    bus: kernelBus(),
  });
  const stop = (): void => void keeper.close().then(() => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  notifyReady();
  return undefined;
}

const log = openLog();
// A bug of ours: who started us has gone, and nobody sees standard error.
process.on('uncaughtException', (bug) => {
  log.fatal(bug.stack ?? bug.message);
  process.exit(1);
});
const status = main(log);
if (status !== undefined) process.exit(status);
