/**
 * Folders, made one by one: Node's own way to make all that is missing never returns where a
 * file system makes none, as /proc does.
 */

import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ok, type Result } from '../../core/result.ts';
import { fileFailure } from './line-file.ts';

/** Makes a folder in one that is there; false if there is something of that name. */
export function makeFolder(path: string, mode: number): Result<boolean> {
  try {
    mkdirSync(path, { mode });
    return ok(true);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return ok(false);
    return fileFailure(`cannot make the folder ${path}`, thrown);
  }
}

/** Makes a folder and what it lies in. For places of our own: an operator's path has mistakes. */
export function makeFolders(path: string, mode: number): Result<boolean> {
  const made = makeFolder(path, mode);
  const above = dirname(path);
  if (made.ok || made.error.errno !== 'ENOENT' || above === path) return made;
  const room = makeFolders(above, mode);
  return room.ok ? makeFolder(path, mode) : room;
}

/** Takes back a folder that was made, unless somebody has put something there. */
export function removeEmptyFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // It is in use, or gone already.
  }
}
