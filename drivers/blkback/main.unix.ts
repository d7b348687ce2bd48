// The block backend as a process of dom0.
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import { journalFiles } from '../../shared/backend/journal-files.unix.ts';
import { createTurns, type TurnsLoop } from '../../shared/backend/turns.ts';
import { DOM0, domid } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import { BLKBACK_LOCK, BLKBACK_STATE } from '../../shared/domain/build/index.ts';
import { makeFolders } from '../../shared/platform/unix/folders.ts';
import { droppedRecord, openLineFile } from '../../shared/platform/unix/line-file.ts';
import { lockFile } from '../../shared/platform/unix/lock-file.ts';
import { notifyReady } from '../../shared/platform/unix/notify-ready.ts';
import { openUnix, type UnixPlatform } from '../../shared/platform/unix/platform.ts';
import { createPoller } from '../../shared/platform/unix/poller.ts';
import { connectXenstore } from '../../shared/platform/unix/xenstore-socket.ts';
import { isOurScript, SCRIPT_NODE } from '../../shared/xenbus/served-by.ts';
import { openXenstoreSession } from '../../shared/xenstore/session.ts';
import { DEVICES_MAX, QUEUES_MAX, RING_ORDER_MAX, STORE_DEADLINE_MS } from './core/limits.ts';
import { diskOpener, SERVERS } from './disk-opener.unix.ts';
import { type ServiceHost, serveDisks } from './service.ts';
import { warmUp } from './warm-up.unix.ts';

const LOG_PATH = '/var/log/xtl/blkback.log';

/**
 * For what is under way when we are told to end. What has not ended by then, behind a server that
 * is away, is in the journals, as if we had been killed: the next process does it.
 */
const STOP_MS = 1000;

const NOW = Promise.resolve();

/** What one look at events has told of is done before Node's loop goes on. */
const LOOP: TurnsLoop = {
  soon: (run) => void NOW.then(run),
  later: (run) => void setImmediate(run),
};

function createHost(platform: UnixPlatform, log: Logger): Result<ServiceHost> {
  const poller = createPoller();
  if (!poller.ok) return poller;
  const folder = makeFolders(BLKBACK_STATE, 0o700);
  if (!folder.ok) return folder;
  const { clock, events, grants, domainControl } = platform;
  const { memory: own } = platform;
  warmUp({ memory: own, poller: poller.value, clock, path: `${BLKBACK_STATE}/own` });
  const session = openXenstoreSession({
    ...{ connect: () => connectXenstore(), clock, deadlineMs: STORE_DEADLINE_MS },
  });
  // One that closes may stand in the line beside the one that comes in its place.
  const turns = createTurns(LOOP, 2 * DEVICES_MAX);
  return ok({
    ...{ session, clock, events, grants, self: DOM0 },
    rings: { queuesMax: QUEUES_MAX, orderMax: RING_ORDER_MAX },
    soon: turns.plan,
    log: (line) => log.info(line),
    uniqueId: (frontend) => {
      const id = domainControl.uniqueId(domid(frontend));
      return id.ok ? id.value : 0n;
    },
    isGone: (frontend) => {
      const info = domainControl.getInfo(domid(frontend));
      return info.ok ? info.value.dying : info.error.errno === 'ESRCH';
    },
    isOurs: async (path) => {
      const script = await session.readString(`${path}/${SCRIPT_NODE}`);
      return script.ok && isOurScript(script.value);
    },
    ...journalFiles(BLKBACK_STATE, 'vbd'),
    ...diskOpener({
      ...{ memory: own, poller: poller.value, clock, servers: SERVERS },
      log: (line) => log.info(line),
    }),
  });
}

/** To a file, and to who started us if somebody reads that; disks are served without either. */
function openLog(): Logger {
  makeFolders(dirname(LOG_PATH), 0o755);
  const file = openLineFile(LOG_PATH, droppedRecord);
  const write = (line: string): void => {
    if (file.ok) file.value.write(line.trimEnd());
  };
  return pino({ base: { service: 'blkback' } }, { write });
}

function main(): void {
  const log = openLog();
  // A bug of ours: who started us has gone, and nobody sees standard error.
  process.on('uncaughtException', (bug) => {
    log.fatal(bug.stack ?? bug.message);
    process.exit(1);
  });
  makeFolders(dirname(BLKBACK_LOCK), 0o700);
  const lock = lockFile(BLKBACK_LOCK);
  if (!lock.ok) {
    if (lock.error.errno === 'EBUSY') return;
    log.error(lock.error.what);
    process.exitCode = 1;
    return;
  }
  const platform = openUnix();
  const host = platform.ok ? createHost(platform.value, log) : platform;
  if (!host.ok) {
    log.error(host.error.what);
    process.exitCode = 1;
    return;
  }
  const service = serveDisks(host.value);
  const stop = (): void => {
    setTimeout(() => process.exit(0), STOP_MS);
    void service.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  notifyReady();
}

main();
