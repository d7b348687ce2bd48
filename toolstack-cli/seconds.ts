/** The value of a `--timeout`. */

import { fail, ok, type Result } from '../shared/core/result.ts';

/** What timers can hold: some 24 days. */
const MAX_SECONDS = 2 ** 31 / 1000;

/** Milliseconds; undefined if the option was not given. */
export function readSeconds(option: string | boolean | undefined): Result<number | undefined> {
  if (typeof option !== 'string') return ok(undefined);
  const seconds = /^[0-9]+(\.[0-9]+)?$/.test(option) ? Number(option) : Number.NaN;
  if (!(seconds < MAX_SECONDS)) {
    return fail('EINVAL', `a timeout is a number of seconds, not '${option}'`);
  }
  return ok(seconds * 1000);
}
