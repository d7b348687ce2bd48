/** `xtl disk detach`: the plan that takes a disk from a domain that runs. */

import { ok } from '../../shared/core/result.ts';
import { planDetach } from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import { EXIT, failure, type Outcome } from '../output/exit.ts';
import { readSeconds } from '../seconds.ts';
import type { Options } from '../table.ts';
import { readVdev, runOnDisk } from './disk-plan.ts';

export async function diskDetach(
  context: Context,
  [domain = '', vdev = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const timeoutMs = readSeconds(options.timeout);
  if (!timeoutMs.ok) return failure(EXIT.usage, timeoutMs.error.what);
  const device = readVdev(vdev);
  if (!device.ok) return failure(EXIT.usage, device.error.what);
  const how = {
    force: options.force === true,
    ...(timeoutMs.value !== undefined && { timeoutMs: timeoutMs.value }),
  };
  return runOnDisk(context, domain, options, {
    name: (vm) => `detach ${vdev} from ${vm}`,
    plan: async (of) => ok(planDetach(of, device.value, vdev, how)),
    // A disk that is half detached is of no use to anybody.
    stoppable: false,
    done: (vm) => `${vdev} is detached from ${vm}`,
  });
}
