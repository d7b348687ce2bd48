/** Programs that root runs since another process of root's ran them: only root's own. */

import { readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { readText } from './processes.ts';

/** Program and arguments. */
export type Command = readonly string[];

const OTHERS_MAY_WRITE = 0o002;

/** Whether nobody but root and its groups can change the file, or a folder on the way to it. */
export function isRootsProgram(path: string): boolean {
  try {
    for (let at = realpathSync(path); ; at = dirname(at)) {
      const { uid, mode } = statSync(at);
      if (uid !== 0 || (mode & OTHERS_MAY_WRITE) !== 0) return false;
      if (at === '/') return true;
    }
  } catch {
    return false;
  }
}

/** What the kernel adds to the name of a program whose file was replaced, as packages do. */
const DELETED = / \(deleted\)$/;

/** What /proc/PID/exe names, or what lies there now. */
export const programOf = (link: string): string => link.replace(DELETED, '');

/**
 * How a process was started; undefined for a script's, whose program is its interpreter, and for a
 * program that is not there any more or is not root's.
 */
export function commandOf(pid: number): Command | undefined {
  const [, ...args] = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0');
  try {
    const program = programOf(readlinkSync(`/proc/${pid}/exe`));
    if (program.endsWith('/node') || !isRootsProgram(program)) return undefined;
    return [program, ...args.filter((arg) => arg !== '')];
  } catch {
    return undefined;
  }
}
