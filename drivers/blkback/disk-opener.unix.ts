/** What is behind a disk, by what the toolstack wrote: a file, an image, or a server of NBD. */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import { parseTarget, type Target } from '../../shared/nbd/target.ts';
import type { BlockIo } from '../../shared/platform/block-io.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { PAGE_SIZE, type Region } from '../../shared/platform/region.ts';
import { openBlockFile } from '../../shared/platform/unix/block-file.ts';
import { openBlockImage } from '../../shared/platform/unix/block-image.ts';
import { openBlockNbd } from '../../shared/platform/unix/block-nbd.ts';
import { makeFolders } from '../../shared/platform/unix/folders.ts';
import type { UnixMemory } from '../../shared/platform/unix/memory.ts';
import type { Poller } from '../../shared/platform/unix/poller.ts';
import { SLAB_PAGES } from './core/limits.ts';
import type { DeviceHost, OpenedDisk } from './device.ts';
import { createEmptyDrive } from './empty-drive.ts';
import type { DeviceKeys } from './keys.ts';

/** Sockets and numbers of servers of ours, by disk: the next process finds them here. */
export const SERVERS = '/run/xtl/nbd';

/** Segments of eight bytes, one for each page. */
const LIST_PAGES = Math.ceil((SLAB_PAGES * 8) / PAGE_SIZE);

interface OpenerParts {
  readonly memory: UnixMemory;
  readonly poller: Poller;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly servers: string;
}

interface Wanted {
  readonly keys: DeviceKeys;
  readonly device: number;
  readonly onDone: () => void;
  readonly slab: Region;
}

async function openTarget(
  { memory, poller, clock, log, servers }: OpenerParts,
  target: Target | 'empty',
  { keys: { mode, frontendId }, device, onDone, slab }: Wanted,
): Promise<Result<BlockIo>> {
  if (target === 'empty') return ok(createEmptyDrive(onDone));
  const isReadOnly = !mode.startsWith('w');
  const isShared = mode.endsWith('!');
  const name = `vbd-${frontendId}-${device}`;
  if (target.kind === 'raw') {
    const address = memory.addressOf(slab) as number;
    const file = { path: target.path, isReadOnly, isShared };
    return openBlockFile({ ...file, memory: slab, address, poller, onDone });
  }
  if (isShared) {
    // What is done again when a server comes back could undo what the others have written since.
    return fail('EOPNOTSUPP', 'only raw images and block devices may be written by others, too');
  }
  const report = (what: string): void => log(`${name}: ${what}`);
  if (target.kind === 'nbd') return openBlockNbd({ ...target, isReadOnly, clock, onDone, report });
  const folder = makeFolders(servers, 0o700);
  if (!folder.ok) return folder;
  const image = { path: target.path, format: target.format, isReadOnly };
  return openBlockImage({ image, folder: servers, name, clock, onDone, report });
}

/** Opens and closes what is behind a disk, with the memory for its requests. */
export function diskOpener(parts: OpenerParts): Pick<DeviceHost, 'openDisk' | 'closeDisk'> {
  const { memory } = parts;
  const openDisk = async (
    keys: DeviceKeys,
    device: number,
    onDone: () => void,
  ): Promise<Result<OpenedDisk>> => {
    const target = keys.params === '' ? ok('empty' as const) : parseTarget(keys.params);
    if (!target.ok) return target;
    const slab = memory.pages(SLAB_PAGES);
    if (!slab.ok) return slab;
    const lists = memory.pages(LIST_PAGES);
    const wanted = { keys, device, onDone, slab: slab.value };
    const io = lists.ok ? await openTarget(parts, target.value, wanted) : lists;
    if (lists.ok && io.ok) return ok({ io: io.value, slab: slab.value, lists: lists.value });
    memory.unmap(slab.value);
    if (lists.ok) memory.unmap(lists.value);
    return io as Result<never>;
  };
  return {
    openDisk,
    closeDisk: ({ io, slab, lists }) => {
      io.close();
      memory.unmap(slab);
      memory.unmap(lists);
    },
  };
}
