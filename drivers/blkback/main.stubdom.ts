/** The block backend as a driver domain: its guests' disks are its own, or partitions of them. */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import { PAGE_SIZE } from '../../shared/platform/region.ts';
import { type Log, openLog } from '../../shared/platform/stubdom/log.ts';
import { openStubdom, type StubdomPlatform } from '../../shared/platform/stubdom/platform.ts';
import { shutdown } from '../../shared/platform/stubdom/shutdown.ts';
import { openStorePage } from '../../shared/platform/stubdom/store-page.ts';
import { xenstoreRing } from '../../shared/ring/xenstore-ring.ts';
import { openXenstoreSession, type XenstoreSession } from '../../shared/xenstore/session.ts';
import { type Disks, type OpenDisk, openDisks } from '../blkfront/disks.ts';
import { STORE_DEADLINE_MS } from './core/limits.ts';
import type { OpenedDisk } from './device.ts';
import { keptJournals } from './kept-journals.ts';
import type { DeviceKeys } from './keys.ts';
import { serveDisks } from './service.ts';

/** 2 MiB of data under way, for each disk. */
const SLAB_PAGES = 512;
const LIST_PAGES = (SLAB_PAGES * 8) / PAGE_SIZE;

/** One processor serves them; their journals fit what a keeper grants. */
const RINGS = { queuesMax: 2, orderMax: 1 };

/** The store, by the page that the domain was made with: there is no second one. */
function openSession(platform: StubdomPlatform): Result<XenstoreSession> {
  const page = openStorePage(platform);
  if (!page.ok) return page;
  const { events, clock } = platform;
  let isFirst = true;
  const connect = async () => {
    if (!isFirst) return fail('ENOTCONN', 'the store has given this domain up');
    isFirst = false;
    return ok(xenstoreRing({ events, ...page.value }));
  };
  return ok(openXenstoreSession({ connect, clock, deadlineMs: STORE_DEADLINE_MS }));
}

interface Host {
  readonly platform: StubdomPlatform;
  readonly session: XenstoreSession;
  readonly disks: Disks;
  readonly log: Log;
  /** What is behind a disk that is open. */
  readonly opened: Map<OpenedDisk, OpenDisk>;
}

async function openDisk(
  { platform: { memory }, disks, opened }: Host,
  { params, mode }: DeviceKeys,
  onDone: () => void,
): Promise<Result<OpenedDisk>> {
  const isReadOnly = !mode.startsWith('w');
  const asked = { target: params, isReadOnly, isShared: mode.endsWith('!'), pages: SLAB_PAGES };
  const disk = await disks.open(asked, onDone);
  if (!disk.ok) return disk;
  const lists = memory.pages(LIST_PAGES);
  if (!lists.ok) {
    disks.close(disk.value);
    return lists;
  }
  const all = { io: disk.value.io, slab: disk.value.data.region, lists: lists.value };
  opened.set(all, disk.value);
  return ok(all);
}

function closeDisk({ platform, disks, opened }: Host, all: OpenedDisk): void {
  const disk = opened.get(all);
  opened.delete(all);
  if (disk !== undefined) disks.close(disk);
  platform.memory.unmap(all.lists);
}

function start(platform: StubdomPlatform, log: Log): Result<void> {
  const session = openSession(platform);
  if (!session.ok) return session;
  const { events, grants, clock, kernel } = platform;
  const say = (line: string): void => log.info(line);
  const parts = { session: session.value, events, grants, log: say };
  const disks = openDisks({ ...parts, domid: kernel.domid });
  const host: Host = {
    ...{ platform, session: session.value, disks, log },
    opened: new Map(),
  };
  serveDisks({
    ...{ ...parts, clock, self: kernel.domid, rings: RINGS },
    // After what is ready now, and what is due.
    soon: (run) => void clock.after(0, run),
    // Neither does Xen tell a driver domain: its frontends are known by their rings alone.
    uniqueId: () => 0n,
    isGone: () => false,
    isOurs: async () => true,
    openDisk: (keys, _device, onDone) => openDisk(host, keys, onDone),
    closeDisk: (disk) => closeDisk(host, disk),
    ...keptJournals({ ...parts, memory: platform.memory }),
  });
  log.info('serves disks');
  return ok();
}

const platform = openStubdom();
const log = openLog(platform.kernel);
const started = start(platform, log);
if (!started.ok) {
  log.error(started.error.what, { errno: started.error.errno });
  shutdown(platform.kernel, 'crash');
}
