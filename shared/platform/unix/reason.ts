/** Exceptions of Node's as failures of ours: an errno for programs, words for people. */

import { getSystemErrorMap } from 'node:util';
import { ERRNO, type Errno } from '../../core/errno.ts';

/** The system's own words for an error, by its name. */
const WORDS: ReadonlyMap<string, string> = new Map(getSystemErrorMap().values());

/** Shorter than the system's, or of what these programs open. */
const OURS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EPERM: 'not permitted',
  ENOSPC: 'no space left',
  EISDIR: 'is a directory',
  ELOOP: 'too many symbolic links',
  ECONNREFUSED: 'nobody listens there',
};

export interface Reason {
  /** EIO for what has no name among Xen's. */
  readonly errno: Errno;
  readonly words: string;
}

export function reasonOf(error: unknown): Reason {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  const errno = code in ERRNO ? (code as Errno) : 'EIO';
  return { errno, words: OURS[code] ?? WORDS.get(code) ?? message };
}
