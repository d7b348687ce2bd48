/** `xtl disk resize`: the plan that changes the size of a disk while its guest runs. */

import { ok } from '../../shared/core/result.ts';
import { planResize } from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import { EXIT, failure, type Outcome } from '../output/exit.ts';
import type { Options } from '../table.ts';
import { readVdev, runOnDisk } from './disk-plan.ts';
import { readSize, sizeText } from './disk-size.ts';

export async function diskResize(
  context: Context,
  [domain = '', vdev = '', word]: readonly string[],
  options: Options,
): Promise<Outcome> {
  const device = readVdev(vdev);
  if (!device.ok) return failure(EXIT.usage, device.error.what);
  const size = word === undefined ? undefined : readSize(word);
  if (size !== undefined && !size.ok) return failure(EXIT.usage, size.error.what);
  const resize = size && { ...size.value, mayShrink: options.shrink === true };
  return runOnDisk(context, domain, options, {
    name: (vm) => `resize ${vdev} of ${vm}`,
    plan: async (of) => ok(planResize(of, device.value, vdev, resize)),
    stoppable: true,
    done: (vm, { sectors = 0 }) => `${vdev} of ${vm} has ${sizeText(sectors * 512)}`,
  });
}
