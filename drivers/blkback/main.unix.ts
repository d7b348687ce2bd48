// The block backend as a process of dom0.
import type { Logger } from 'pino';
import { journalFiles } from '../../shared/backend/journal-files.unix.ts';
import { backHost, runBackend } from '../../shared/backend/process.unix.ts';
import { DOM0 } from '../../shared/core/ids.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import { BLKBACK_LOCK, BLKBACK_STATE } from '../../shared/domain/build/index.ts';
import { makeFolders } from '../../shared/platform/unix/folders.ts';
import type { UnixPlatform } from '../../shared/platform/unix/platform.ts';
import { createPoller } from '../../shared/platform/unix/poller.ts';
import { DEVICES_MAX, QUEUES_MAX, RING_ORDER_MAX } from './core/limits.ts';
import { diskOpener, SERVERS } from './disk-opener.unix.ts';
import { isOurDevice } from './moving.ts';
import { type ServiceHost, serveDisks } from './service.ts';
import { warmUp } from './warm-up.unix.ts';

function createHost(platform: UnixPlatform, log: Logger): Result<ServiceHost> {
  const poller = createPoller();
  if (!poller.ok) return poller;
  const folder = makeFolders(BLKBACK_STATE, 0o700);
  if (!folder.ok) return folder;
  const { clock, memory: own } = platform;
  warmUp({ memory: own, poller: poller.value, clock, path: `${BLKBACK_STATE}/own` });
  const host = backHost(platform, log, DEVICES_MAX);
  return ok({
    ...{ ...host, self: DOM0 },
    rings: { queuesMax: QUEUES_MAX, orderMax: RING_ORDER_MAX },
    isOurs: (path) => isOurDevice(host.session, path),
    ...journalFiles(BLKBACK_STATE, 'vbd'),
    ...diskOpener({
      ...{ memory: own, poller: poller.value, clock, servers: SERVERS },
      log: host.log,
    }),
  });
}

runBackend({
  ...{ name: 'blkback', lock: BLKBACK_LOCK },
  start: (platform, log) => {
    const host = createHost(platform, log);
    return host.ok ? ok(serveDisks(host.value)) : host;
  },
});
