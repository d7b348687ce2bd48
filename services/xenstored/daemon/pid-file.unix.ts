/**
 * The file with the daemon's process id. 0600, as C xenstored makes it: who reads it (init scripts,
 * service managers, launch-xenstore) is root.
 */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { ok, type Result } from '../../../shared/core/result.ts';
import { fileFailure } from '../../../shared/platform/unix/line-file.ts';

export interface PidFile {
  /** Removes the file, unless it is another's by now, or no file but a device. */
  remove(): void;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_NONBLOCK, O_NOCTTY, O_RDONLY } = constants;
const FLAGS = O_WRONLY | O_NONBLOCK | O_NOCTTY;
const MODE = 0o600;

/** Whether the file holds just our id. */
function isOurs(path: string, text: string): boolean {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size === text.length && readFileSync(fd, 'latin1') === text;
  } finally {
    closeSync(fd);
  }
}

/** Opens it for writing; true if it was not there before. */
function openPid(path: string): [number, boolean] {
  try {
    return [openSync(path, FLAGS | O_CREAT | O_EXCL, MODE), true];
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    return [openSync(path, FLAGS | O_CREAT | O_TRUNC, MODE), false];
  }
}

/** Writes the file, which an earlier daemon may have left, or leaves nothing behind. */
export function writePidFile(path: string, pid: number = process.pid): Result<PidFile> {
  const text = `${pid}\n`;
  let fd = -1;
  let isNew = false;
  try {
    [fd, isNew] = openPid(path);
    writeSync(fd, text);
  } catch (thrown) {
    if (isNew) rmSync(path, { force: true });
    return fileFailure(`cannot write the pid file ${path}`, thrown);
  } finally {
    if (fd >= 0) closeSync(fd);
  }
  return ok({
    remove: () => {
      try {
        if (isOurs(path, text)) rmSync(path);
      } catch {
        // It is gone already, or out of reach.
      }
    },
  });
}
