// The network backend as a process of dom0.
import type { Logger } from 'pino';
import { journalFiles } from '../../shared/backend/journal-files.unix.ts';
import { backHost, runBackend } from '../../shared/backend/process.unix.ts';
import { DOM0 } from '../../shared/core/ids.ts';
import { must, ok, type Result } from '../../shared/core/result.ts';
import { NETBACK_LOCK, NETBACK_STATE } from '../../shared/domain/build/index.ts';
import { makeFolders } from '../../shared/platform/unix/folders.ts';
import type { UnixPlatform } from '../../shared/platform/unix/platform.ts';
import { createPoller } from '../../shared/platform/unix/poller.ts';
import { openTap } from '../../shared/platform/unix/tap.ts';
import { removeTap } from '../../shared/platform/unix/tap-device.ts';
import { isOurVif, VIF_SERVER_NODE, vifName } from '../../shared/xenbus/served-by.ts';
import { COPIES_MAX, DEVICES_MAX, QUEUES_MAX, WAITING_PAGES } from './core/limits.ts';
import { createRoom } from './core/vif.ts';
import { type ServiceHost, serveVifs } from './service.ts';

/** Of a TAP: its frames come to one process. */
const TAP_QUEUES = 1;

function createHost(platform: UnixPlatform, log: Logger): Result<ServiceHost> {
  const poller = createPoller();
  if (!poller.ok) return poller;
  const folder = makeFolders(NETBACK_STATE, 0o700);
  if (!folder.ok) return folder;
  const { events, grants, memory } = platform;
  const batch = grants.batch(COPIES_MAX);
  if (!batch.ok) return batch;
  const host = backHost(platform, log, DEVICES_MAX);
  // Without it nothing can be served, and who started us starts us again.
  const pages = (count: number) => must(memory.pages(count));
  const fallen = (vif: string) => host.log(`${vif}: its device is gone: it passes nothing more`);
  return ok({
    ...{ ...host, self: DOM0, queuesMax: QUEUES_MAX, hasScripts: true },
    room: createRoom({ batch: batch.value, events, pages }),
    waitingMemory: () => {
      const region = memory.pages(WAITING_PAGES);
      return region.ok ? region.value : undefined;
    },
    freeMemory: memory.unmap,
    isOurs: async (path) => {
      const server = await host.session.readString(`${path}/${VIF_SERVER_NODE}`);
      return server.ok && isOurVif(server.value);
    },
    ...journalFiles(NETBACK_STATE, 'vif'),
    openLink: (frontend, device) => {
      const vif = vifName(frontend, device);
      const { addressOf } = memory;
      const onGone = () => fallen(vif);
      return openTap({ vif, queues: TAP_QUEUES, addressOf, poller: poller.value, onGone });
    },
    closeLink: (link, frontend, device, isGone) => {
      link.close();
      if (!isGone) return;
      const removed = removeTap(vifName(frontend, device));
      if (!removed.ok) host.log(removed.error.what);
    },
  });
}

runBackend({
  ...{ name: 'netback', lock: NETBACK_LOCK },
  start: (platform, log) => {
    const host = createHost(platform, log);
    return host.ok ? ok(serveVifs(host.value)) : host;
  },
});
