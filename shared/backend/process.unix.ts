/** A back end as a process of dom0: one of its kind, with a log, until it is told to end. */

import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import { domid } from '../core/ids.ts';
import type { Result } from '../core/result.ts';
import { makeFolders } from '../platform/unix/folders.ts';
import { droppedRecord, openLineFile } from '../platform/unix/line-file.ts';
import { lockFile } from '../platform/unix/lock-file.ts';
import { notifyReady } from '../platform/unix/notify-ready.ts';
import { openUnix, type UnixPlatform } from '../platform/unix/platform.ts';
import { connectXenstore } from '../platform/unix/xenstore-socket.ts';
import { openXenstoreSession } from '../xenstore/session.ts';
import { createTurns, type TurnsLoop } from './turns.ts';

/**
 * For what is under way when we are told to end. What has not ended by then is in the journals, as
 * if we had been killed: the next process does it.
 */
const STOP_MS = 1000;

/** Until a request to the store that is not answered counts as failed. */
const STORE_DEADLINE_MS = 10_000;

const NOW = Promise.resolve();

/** What one look at events has told of is done before Node's loop goes on. */
const LOOP: TurnsLoop = {
  soon: (run) => void NOW.then(run),
  later: (run) => void setImmediate(run),
};

/** What all back ends of dom0 have of it; `devicesMax`: turns are for so many. */
export function backHost(
  { clock, events, grants, domainControl }: UnixPlatform,
  log: Logger,
  devicesMax: number,
) {
  // One that closes may stand in the line beside the one that comes in its place.
  const turns = createTurns(LOOP, 2 * devicesMax);
  const connect = () => connectXenstore();
  return {
    ...{ clock, events, grants },
    session: openXenstoreSession({ connect, clock, deadlineMs: STORE_DEADLINE_MS }),
    soon: turns.plan,
    log: (line: string): void => log.info(line),
    uniqueId: (frontend: number): bigint => {
      const id = domainControl.uniqueId(domid(frontend));
      return id.ok ? id.value : 0n;
    },
    isGone: (frontend: number): boolean => {
      const info = domainControl.getInfo(domid(frontend));
      return info.ok ? info.value.dying : info.error.errno === 'ESRCH';
    },
  };
}

export interface BackProgram {
  /** `blkback`: as which it logs. */
  readonly name: string;
  /** Who locks it is the one of its kind. */
  readonly lock: string;
  start(platform: UnixPlatform, log: Logger): Result<{ close(): Promise<void> }>;
}

/** To a file; devices are served without it, too. */
function openLog(name: string): Logger {
  const path = `/var/log/xtl/${name}.log`;
  makeFolders(dirname(path), 0o755);
  const file = openLineFile(path, droppedRecord);
  const write = (line: string): void => {
    if (file.ok) file.value.write(line.trimEnd());
  };
  return pino({ base: { service: name } }, { write });
}

/** Serves until SIGTERM or SIGINT; at once done where another one of its kind runs. */
export function runBackend({ name, lock: path, start }: BackProgram): void {
  const log = openLog(name);
  // A bug of ours: who started us has gone, and nobody sees standard error.
  process.on('uncaughtException', (bug) => {
    log.fatal(bug.stack ?? bug.message);
    process.exit(1);
  });
  makeFolders(dirname(path), 0o700);
  const lock = lockFile(path);
  if (!lock.ok) {
    if (lock.error.errno === 'EBUSY') return;
    log.error(lock.error.what);
    process.exitCode = 1;
    return;
  }
  const platform = openUnix();
  const service = platform.ok ? start(platform.value, log) : platform;
  if (!service.ok) {
    log.error(service.error.what);
    process.exitCode = 1;
    return;
  }
  log.info(`serves after ${(process.uptime() * 1000).toFixed(1)} ms`);
  const stop = (): void => {
    setTimeout(() => process.exit(0), STOP_MS);
    void service.value.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  notifyReady();
}
