/** Waiting for what others write. */

import { fail, ok, type Result } from '../../core/result.ts';
import type { BuildHost } from './host.ts';

/**
 * The node's value, undefined for none, once `accepts` does. ETIMEDOUT if it is not in time;
 * ENOTCONN: the store is gone.
 */
export async function waitForNode(
  { xenstore, clock }: Pick<BuildHost, 'xenstore' | 'clock'>,
  path: string,
  accepts: (value: string | undefined) => boolean,
  timeoutMs: number,
): Promise<Result<string | undefined>> {
  const watch = await xenstore.watch(path);
  if (!watch.ok) return watch;
  let isLate = false;
  const cancel = clock.after(timeoutMs, () => {
    isLate = true;
    void watch.value.return();
  });
  try {
    for await (const _ of watch.value) {
      const read = await xenstore.readString(path);
      if (!read.ok && read.error.errno !== 'ENOENT') return read;
      const value = read.ok ? read.value : undefined;
      if (accepts(value)) return ok(value);
    }
  } finally {
    cancel();
  }
  return isLate ? fail('ETIMEDOUT', `${path}: not in time`) : fail('ENOTCONN', 'the store is gone');
}
