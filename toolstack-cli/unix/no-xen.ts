/** What is missing on a machine without Xen is Xen, not something that the user named. */

import { fail, type Result } from '../../shared/core/result.ts';

/** The failure of opening Xen, its libraries or xenstored: ENODEV for what is not there. */
export function noXen(result: Result<unknown> & { ok: false }): Result<never> {
  const { errno, what } = result.error;
  return errno === 'ENOENT' ? fail('ENODEV', what) : result;
}
