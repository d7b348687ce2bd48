/**
 * Folders, made one by one: Node's own way to make all that is missing never returns where a
 * file system makes none, as /proc does.
 */

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ok, type Result } from '../../core/result.ts';
import { fileFailure } from './line-file.ts';

/** Makes a folder in one that is there. Nothing, if there is something of that name. */
export function makeFolder(path: string, mode: number): Result<void> {
  try {
    mkdirSync(path, { mode });
    return ok();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return ok();
    return fileFailure(`cannot make the folder ${path}`, thrown);
  }
}

/** Makes a folder and what it lies in. For places of our own: an operator's path has mistakes. */
export function makeFolders(path: string, mode: number): Result<void> {
  const made = makeFolder(path, mode);
  const above = dirname(path);
  if (made.ok || made.error.errno !== 'ENOENT' || above === path) return made;
  const room = makeFolders(above, mode);
  return room.ok ? makeFolder(path, mode) : room;
}
