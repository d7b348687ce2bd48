/** The daemon's place on this machine: a folder, a socket in it, and a lock on both. */

import { fail, ok, type Result } from '../../../shared/core/result.ts';
import { makeFolder } from '../../../shared/platform/unix/folders.ts';
import { type Lock, lockFile } from '../../../shared/platform/unix/lock-file.ts';
import {
  xenstoreRunDir,
  xenstoreSocketPath,
} from '../../../shared/platform/unix/xenstore-socket.ts';

export interface Place {
  readonly socket: string;
  readonly lock: Lock;
}

/**
 * Makes the run directory, as C xenstored does; not what it should lie in, nor any folder of
 * another path: where that is missing, the path has a mistake. EADDRINUSE if another of our daemons
 * has the place.
 */
export function takePlace(env: NodeJS.ProcessEnv = process.env): Result<Place> {
  const made = env.XENSTORED_PATH ? ok() : makeFolder(xenstoreRunDir(env), 0o755);
  if (!made.ok) return made;
  const socket = xenstoreSocketPath(env);
  const lock = lockFile(`${socket}.lock`);
  if (lock.ok) return ok({ socket, lock: lock.value });
  const { errno, what } = lock.error;
  return errno === 'EBUSY' ? fail('EADDRINUSE', `another xenstored runs: ${what}`) : lock;
}
