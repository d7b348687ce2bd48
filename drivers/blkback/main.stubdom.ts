/** The block backend as a driver domain: its guests' disks are its own, or partitions of them. */

import {
  type DriverDomain,
  driverDomainHost,
  runDriverDomain,
} from '../../shared/backend/driver-domain.stubdom.ts';
import { keptJournals } from '../../shared/backend/kept-journals.ts';
import { ok, type Result } from '../../shared/core/result.ts';
import { PAGE_SIZE } from '../../shared/platform/region.ts';
import type { StubdomPlatform } from '../../shared/platform/stubdom/platform.ts';
import { type Disks, type OpenDisk, openDisks } from '../blkfront/disks.ts';
import type { OpenedDisk } from './device.ts';
import type { DeviceKeys } from './keys.ts';
import { serveDisks } from './service.ts';

/** 2 MiB of data under way, for each disk. */
const SLAB_PAGES = 512;
const LIST_PAGES = (SLAB_PAGES * 8) / PAGE_SIZE;

/** One processor serves them; their journals fit what a keeper grants. */
const RINGS = { queuesMax: 2, orderMax: 1 };

interface Host {
  readonly platform: StubdomPlatform;
  readonly disks: Disks;
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

function start({ platform, session, log }: DriverDomain): void {
  const { events, grants, clock, kernel } = platform;
  const say = (line: string): void => log.info(line);
  const parts = { session, events, grants, log: say };
  const disks = openDisks({ ...parts, clock, domid: kernel.domid });
  const host: Host = { platform, disks, opened: new Map() };
  serveDisks({
    ...{ ...parts, ...driverDomainHost(clock), self: kernel.domid, rings: RINGS },
    openDisk: (keys, _device, onDone) => openDisk(host, keys, onDone),
    closeDisk: (disk) => closeDisk(host, disk),
    ...keptJournals({ ...parts, memory: platform.memory }),
  });
  log.info('serves disks');
}

runDriverDomain(start);
