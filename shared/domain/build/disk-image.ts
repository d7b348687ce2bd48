/** Whether there is what a disk of dom0's is to have behind it. */

import { ok, type Result } from '../../core/result.ts';
import { parseTarget } from '../../nbd/target.ts';
import type { BuildHost } from './host.ts';

/** A block device is no regular file: the back end looks at it. */
export async function checkImage({ files }: BuildHost, target: string): Promise<Result<void>> {
  if (target === '') return ok();
  const read = parseTarget(target);
  if (!read.ok || read.value.kind === 'nbd') return read.ok ? ok() : read;
  const stat = await files.stat(read.value.path);
  return stat.ok || stat.error.errno === 'EINVAL' ? ok() : stat;
}
