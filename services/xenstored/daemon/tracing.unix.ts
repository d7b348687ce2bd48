/** The trace file: a line for every request, reply and event. */

import { fail, ok, type Result } from '../../../shared/core/result.ts';
import { type LineFile, openLineFile } from '../../../shared/platform/unix/line-file.ts';
import type { Tap } from '../tap.ts';

export interface Tracing {
  /** The file that is written, or would be. */
  path(): string | undefined;
  /**
   * Opens the file anew, or another one. If that fails, what was written before goes on: EBADF
   * without a file, ENOENT, EACCES and their like.
   */
  start(path?: string): Result<void>;
  stop(): void;
  /** After the file was renamed. Nothing, unless it should be written. */
  reopen(): Result<void>;
}

const note = (dropped: number): string => `${dropped} lines dropped`;

/** `path` is that of the command line; nothing is opened yet. */
export function createTracing(tap: Tap, path: string | undefined): Tracing {
  let current = path;
  let wanted = false;
  let file: LineFile | undefined;
  let hide = (): void => {};

  const stop = (): void => {
    wanted = false;
    hide();
    file?.close();
    file = undefined;
  };
  const start = (next = current): Result<void> => {
    if (next === undefined) return fail('EBADF', 'there is no trace file');
    if (next === current) wanted = true;
    const opened = openLineFile(next, note);
    if (!opened.ok) return opened;
    stop();
    file = opened.value;
    hide = tap.show(file.write);
    current = next;
    wanted = true;
    return ok();
  };
  return { path: () => current, start, stop, reopen: () => (wanted ? start() : ok()) };
}
