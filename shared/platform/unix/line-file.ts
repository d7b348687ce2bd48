/**
 * A file that lines are appended to, for its owner alone. Whatever becomes of the file, the process
 * goes on: a line for which there is no room is dropped and counted, never kept.
 */

import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { fail, ok, type Result } from '../../core/result.ts';
import { reasonOf } from './reason.ts';

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

/** The note of a file whose lines are pino's. */
export const droppedRecord = (dropped: number): string =>
  JSON.stringify({ level: 40, time: Date.now(), msg: `${dropped} lines dropped` });

/** The failure of a call of node:fs that makes what is missing: ENOENT is that of a folder. */
export function fileFailure(what: string, thrown: unknown): Result<never> {
  const { errno, words } = reasonOf(thrown);
  return fail(errno, `${what}: ${errno === 'ENOENT' ? 'there is no such folder' : words}`);
}

/** How many of the bytes went out; none if there is no room now. */
export type Put = (bytes: Uint8Array) => number;

export function putTo(fd: number): Put {
  return (bytes) => {
    try {
      return writeSync(fd, bytes);
    } catch {
      return 0;
    }
  };
}

/** Lines by way of `put`; `note` says in a line of its own how many were dropped. */
export function linesBy(put: Put, note: (dropped: number) => string, close: () => void): LineFile {
  /** The end of a line whose beginning is written already. */
  let rest: Uint8Array = NOTHING;
  let dropped = 0;
  const finish = (): boolean => {
    if (rest.length > 0) rest = rest.subarray(put(rest));
    return rest.length === 0;
  };
  const write = (line: string): void => {
    if (!finish()) {
      dropped++;
      return;
    }
    const bytes = Buffer.from(`${dropped > 0 ? `${note(dropped)}\n` : ''}${line}\n`);
    const count = put(bytes);
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
      if (finish() && dropped > 0) put(Buffer.from(`${note(dropped)}\n`));
      close();
    },
  };
}

/** Opens the file at `path`, made if need be, but no folder. ENXIO: a pipe that nobody reads. */
export function openLineFile(path: string, note: (dropped: number) => string): Result<LineFile> {
  try {
    const fd = openSync(path, FLAGS, MODE);
    return ok(linesBy(putTo(fd), note, () => closeSync(fd)));
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
