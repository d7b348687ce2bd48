/** `xtl disk attach`: the plan that gives a domain that runs another disk. */

import { ok } from '../../shared/core/result.ts';
import { utf8 } from '../../shared/core/utf8.ts';
import { findBackend, planAttach } from '../../shared/domain/build/index.ts';
import { readDisk } from '../../shared/domain/spec/read-disks.ts';
import type { Context } from '../context.ts';
import { EXIT, failure, type Outcome } from '../output/exit.ts';
import { readSeconds } from '../seconds.ts';
import type { Options } from '../table.ts';
import { runOnDisk } from './disk-plan.ts';

/** A kernel that loads its driver for it takes seconds. */
const GUEST_TIMEOUT_MS = 30_000;

export async function diskAttach(
  context: Context,
  [domain = '', ...words]: readonly string[],
  options: Options,
): Promise<Outcome> {
  const timeoutMs = readSeconds(options.timeout);
  if (!timeoutMs.ok) return failure(EXIT.usage, timeoutMs.error.what);
  const disk = readDisk(words, new Map());
  if ('code' in disk) {
    const { message, hint } = disk;
    const how = hint === undefined ? '' : ` (${hint})`;
    return failure(EXIT.badConfig, `disk '${words.join(' ')}': ${message}${how}`);
  }
  return runOnDisk(context, domain, options, {
    name: (vm) => `attach ${utf8(disk.vdev)} to ${vm}`,
    plan: async (of, host) => {
      const backend = await findBackend(host.xenstore, disk.backend, `disk ${disk.vdev}`);
      if (!backend.ok) return backend;
      const how = { backend: backend.value, timeoutMs: timeoutMs.value ?? GUEST_TIMEOUT_MS };
      return ok(planAttach(of, disk, how));
    },
    stoppable: true,
    done: (vm) => `${disk.vdev} is attached to ${vm}`,
  });
}
