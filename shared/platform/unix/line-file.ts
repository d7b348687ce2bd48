/**
 * A file that lines are appended to, for its owner alone. Whatever becomes of the file, the process
 * goes on: a line for which there is no room is dropped and counted, never kept.
 */

import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ERRNO, type Errno } from '../../core/errno.ts';
import { fail, ok, type Result } from '../../core/result.ts';

export interface LineFile {
  /** `line` without its end. */
  write(line: string): void;
  close(): void;
}

/** Neither a pipe that nobody reads nor a terminal holds up who opens or writes it. */
const { O_WRONLY, O_CREAT, O_APPEND, O_NONBLOCK, O_NOCTTY } = constants;
const FLAGS = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY;
const MODE = 0o600;

const NOTHING = new Uint8Array(0);

const REASONS: Readonly<Partial<Record<Errno, string>>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  EMFILE: 'there are no descriptors left',
  ENOENT: 'there is no such folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is no folder',
  ENXIO: 'nobody reads it',
};

/** The note of a file whose lines are pino's. */
export const droppedRecord = (dropped: number): string =>
  JSON.stringify({ level: 40, time: Date.now(), msg: `${dropped} lines dropped` });

/** The failure of a call of node:fs. */
export function fileFailure(what: string, thrown: unknown): Result<never> {
  const code = String((thrown as NodeJS.ErrnoException).code);
  const errno = code in ERRNO ? (code as Errno) : 'EIO';
  return fail(errno, `${what}: ${REASONS[errno] ?? code}`);
}

/** How many of the bytes went out; none if there is no room now. */
function put(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch {
    return 0;
  }
}

/** Lines to a descriptor; `note` says in a line of its own how many were dropped. */
export function linesTo(fd: number, note: (dropped: number) => string): LineFile {
  /** The end of a line whose beginning is written already. */
  let rest: Uint8Array = NOTHING;
  let dropped = 0;
  const finish = (): boolean => {
    if (rest.length > 0) rest = rest.subarray(put(fd, rest));
    return rest.length === 0;
  };
  const write = (line: string): void => {
    if (!finish()) {
      dropped++;
      return;
    }
    const bytes = Buffer.from(`${dropped > 0 ? `${note(dropped)}\n` : ''}${line}\n`);
    const count = put(fd, bytes);
    if (count === 0) {
      dropped++;
      return;
    }
    dropped = 0;
    rest = bytes.subarray(count);
  };
  return {
    write,
    close: () => {
      if (finish() && dropped > 0) put(fd, Buffer.from(`${note(dropped)}\n`));
      closeSync(fd);
    },
  };
}

/** Opens the file at `path`, made if need be, but no folder. ENXIO: a pipe that nobody reads. */
export function openLineFile(path: string, note: (dropped: number) => string): Result<LineFile> {
  try {
    return ok(linesTo(openSync(path, FLAGS, MODE), note));
  } catch (thrown) {
    return fileFailure(`cannot open ${path}`, thrown);
  }
}

/** Appends `text` to the file at `path` once, whole or with an error. */
export function appendTo(path: string, text: string): Result<void> {
  let fd = -1;
  try {
    fd = openSync(path, FLAGS, MODE);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    return ok();
  } catch (thrown) {
    return fileFailure(`cannot write ${path}`, thrown);
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}
