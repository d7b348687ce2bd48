/** How a command ends: its exit code, and one line that says why if it failed. */

import type { Errno } from '../../shared/core/errno.ts';
import type { Failure } from '../../shared/core/result.ts';
import type { EndSignal } from '../../shared/platform/signals.ts';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  wrongState: 4,
  noPrivilege: 5,
  badConfig: 6,
  timeout: 7,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** As a shell has them for a process that died of a signal; this process then does. */
export const SIGNAL_EXITS: Readonly<Record<EndSignal, ExitCode>> = {
  SIGHUP: EXIT.hangup,
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
};

export function signalOf(exit: number): EndSignal | undefined {
  const names = Object.keys(SIGNAL_EXITS) as EndSignal[];
  return names.find((name) => SIGNAL_EXITS[name] === exit);
}

export interface Outcome {
  readonly exit: ExitCode;
  /** One line for stderr that names the thing; absent if all is said already. */
  readonly message?: string;
}

export const DONE: Outcome = { exit: EXIT.ok };

export function failure(exit: ExitCode, message: string): Outcome {
  return { exit, message };
}

const EXIT_OF: Partial<Record<Errno, ExitCode>> = {
  ENOENT: EXIT.notFound,
  ESRCH: EXIT.notFound,
  EEXIST: EXIT.wrongState,
  EBUSY: EXIT.wrongState,
  EPERM: EXIT.noPrivilege,
  EACCES: EXIT.noPrivilege,
  ENODEV: EXIT.noPrivilege,
  ENXIO: EXIT.noPrivilege,
  ENOSYS: EXIT.noPrivilege,
  ECONNREFUSED: EXIT.noPrivilege,
  ENOEXEC: EXIT.badConfig,
  ETIMEDOUT: EXIT.timeout,
};

/** The outcome of a failed call. `special` overrides the usual exit code of an errno. */
export function failed(
  error: Failure,
  prefix = '',
  special: Partial<Record<Errno, ExitCode>> = {},
): Outcome {
  const exit = special[error.errno] ?? EXIT_OF[error.errno] ?? EXIT.failed;
  return { exit, message: `${prefix}${error.what}` };
}
