/** The daemon's place on this machine: a folder, a socket in it, and a lock on both. */

import { fail, ok, type Result } from '../../../shared/core/result.ts';
import { makeFolder, removeEmptyFolder } from '../../../shared/platform/unix/folders.ts';
import { type Lock, lockFile } from '../../../shared/platform/unix/lock-file.ts';
import {
  xenstoreRunDir,
  xenstoreSocketPath,
} from '../../../shared/platform/unix/xenstore-socket.ts';

export interface Place {
  readonly socket: string;
  /** Held for as long as we have the place. */
  readonly lock: Lock;
  /** We serve: a folder that was made stays, as that of C xenstored does. */
  keep(): void;
  /** Lets others in. Without `keep`, what was made is gone as well. */
  giveBack(): void;
}

/** Times that others whose start failed may take the folder away before it is locked. */
const ATTEMPTS = 100;

/**
 * Makes the run directory, as C xenstored does; not what it should lie in, nor any folder of
 * another path: where that is missing, the path has a mistake. EADDRINUSE if another of our daemons
 * has the place.
 */
export function takePlace(env: NodeJS.ProcessEnv = process.env): Result<Place> {
  const socket = xenstoreSocketPath(env);
  const folder = env.XENSTORED_PATH ? undefined : xenstoreRunDir(env);
  for (let left = ATTEMPTS; ; left--) {
    const made = folder === undefined ? ok(false) : makeFolder(folder, 0o755);
    if (!made.ok) return made;
    let isOurs = made.value;
    const removeFolder = (): void => {
      if (isOurs && folder !== undefined) removeEmptyFolder(folder);
    };
    const lock = lockFile(`${socket}.lock`);
    if (lock.ok) {
      const keep = (): void => {
        isOurs = false;
      };
      const giveBack = (): void => {
        lock.value.release();
        removeFolder();
      };
      return ok({ socket, lock: lock.value, keep, giveBack });
    }
    removeFolder();
    const { errno, what } = lock.error;
    if (errno === 'ENOENT' && folder !== undefined && left > 0) continue;
    return errno === 'EBUSY' ? fail('EADDRINUSE', `another xenstored runs: ${what}`) : lock;
  }
}
