/** What a refusal of the store means to who typed the command. */

import { getSystemErrorMap } from 'node:util';
import type { Errno } from '../../shared/core/errno.ts';
import type { Failure } from '../../shared/core/result.ts';
import { failed, type Outcome } from '../output/exit.ts';

const REASONS: Partial<Record<Errno, string>> = {
  ENOENT: 'there is no such node',
  EACCES: 'not permitted',
  EPERM: 'not permitted',
  EINVAL: 'not a valid path or permission',
  E2BIG: 'too large',
  ENOSPC: 'over a quota',
  ENOMEM: 'over a quota of memory',
  EEXIST: 'it is there already',
};

/** As `Requests` names a request: the operation and its path, and nothing yet about the reason. */
const BARE = /^[a-zA-Z]+ [^:]*$/;

/** The system's own for the rest. */
function words(errno: Errno): string {
  return new Map(getSystemErrorMap().values()).get(errno) ?? errno;
}

/** The outcome of a refused request, with the reason in words. */
export function refused({ errno, what }: Failure): Outcome {
  return failed({
    errno,
    what: BARE.test(what) ? `${what}: ${REASONS[errno] ?? words(errno)}` : what,
  });
}
