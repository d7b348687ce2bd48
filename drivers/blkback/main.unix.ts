// The block backend as a process of dom0.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import { DOM0, domid } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import { BLKBACK_LOCK } from '../../shared/domain/build/index.ts';
import { PAGE_SIZE, type Region } from '../../shared/platform/region.ts';
import { openBlockFile } from '../../shared/platform/unix/block-file.ts';
import { makeFolders } from '../../shared/platform/unix/folders.ts';
import { droppedRecord, openLineFile } from '../../shared/platform/unix/line-file.ts';
import { lockFile } from '../../shared/platform/unix/lock-file.ts';
import type { UnixMemory } from '../../shared/platform/unix/memory.ts';
import { notifyReady } from '../../shared/platform/unix/notify-ready.ts';
import { openUnix, type UnixPlatform } from '../../shared/platform/unix/platform.ts';
import { createPoller } from '../../shared/platform/unix/poller.ts';
import { sharedFiles } from '../../shared/platform/unix/shared-file.ts';
import { connectXenstore } from '../../shared/platform/unix/xenstore-socket.ts';
import { openXenstoreSession } from '../../shared/xenstore/session.ts';
import { DEVICES_MAX, SLAB_PAGES, STORE_DEADLINE_MS } from './core/limits.ts';
import { createTurns } from './core/turns.ts';
import type { OpenedDisk } from './device.ts';
import type { DeviceKeys } from './keys.ts';
import { type ServiceHost, serveDisks } from './service.ts';

const LOG_PATH = '/var/log/xtl/blkback.log';
/** Memory of the kernel's, which a restart of this process does not touch. */
const JOURNALS = '/run/xtl/blkback';
const KERNELS_DEVICES = '/sys/bus/xen-backend/devices';

/** Segments of eight bytes, one for each page. */
const LIST_PAGES = Math.ceil((SLAB_PAGES * 8) / PAGE_SIZE);

function createHost(platform: UnixPlatform, log: Logger): Result<ServiceHost> {
  const poller = createPoller();
  if (!poller.ok) return poller;
  const folder = makeFolders(JOURNALS, 0o700);
  if (!folder.ok) return folder;
  const { clock, events, grants, domainControl } = platform;
  const { memory: own } = platform;
  const journals = sharedFiles();
  const session = openXenstoreSession({
    ...{ connect: () => connectXenstore(), clock, deadlineMs: STORE_DEADLINE_MS },
  });
  const mapped = new Map<string, Region>();
  // One that closes may stand in the line beside the one that comes in its place.
  const turns = createTurns((run) => void setImmediate(run), 2 * DEVICES_MAX);
  return ok({
    ...{ session, clock, events, grants, self: DOM0 },
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
    isOurs: (frontend, device) =>
      !existsSync(`${KERNELS_DEVICES}/vbd-${frontend}-${device}/driver`),
    openJournal: (name, pages) => {
      const known = mapped.get(name);
      if (known !== undefined) journals.unmap(known);
      const file = journals.map(`${JOURNALS}/${name}`, pages);
      if (file.ok) mapped.set(name, file.value);
      return file;
    },
    openDisk: (keys, onDone) => openDisk(keys, onDone, own, poller.value),
    closeDisk: ({ io, slab, lists }) => {
      io.close();
      own.unmap(slab);
      own.unmap(lists);
    },
  });
}

function openDisk(
  { params, mode }: DeviceKeys,
  onDone: () => void,
  own: UnixMemory,
  poller: Parameters<typeof openBlockFile>[0]['poller'],
): Result<OpenedDisk> {
  const slab = own.pages(SLAB_PAGES);
  if (!slab.ok) return slab;
  const lists = own.pages(LIST_PAGES);
  if (!lists.ok) {
    own.unmap(slab.value);
    return lists;
  }
  const address = own.addressOf(slab.value) as number;
  const io = openBlockFile({
    ...{ path: params, isReadOnly: !mode.startsWith('w'), isShared: mode.endsWith('!') },
    ...{ memory: slab.value, address, poller, onDone },
  });
  if (io.ok) return ok({ io: io.value, slab: slab.value, lists: lists.value });
  own.unmap(slab.value);
  own.unmap(lists.value);
  return io;
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
    void service.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  notifyReady();
}

main();
