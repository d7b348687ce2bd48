/** `xtl disk move`: the plan that has another back end serve a disk while its guest runs. */

import { ok } from '../../shared/core/result.ts';
import { planMove } from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import { EXIT, failure, type Outcome } from '../output/exit.ts';
import type { Options } from '../table.ts';
import { readVdev, runOnDisk } from './disk-plan.ts';

export async function diskMove(
  context: Context,
  [domain = '', vdev = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const device = readVdev(vdev);
  if (!device.ok) return failure(EXIT.usage, device.error.what);
  const { to } = options;
  if (to !== 'xtl' && to !== 'kernel') {
    return failure(EXIT.usage, 'to which back end? --to xtl, or --to kernel');
  }
  const server = to === 'xtl' ? 'xtl' : 'the kernel';
  return runOnDisk(context, domain, options, {
    name: (vm) => `move ${vdev} of ${vm} to ${server}`,
    plan: async (of) => ok(planMove(of, device.value, vdev, to)),
    stoppable: true,
    done: (vm) => `${vdev} of ${vm} is served by ${server}`,
  });
}
