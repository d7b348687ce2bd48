/** `xtl disk insert` and `xtl disk eject`: the plan that changes the medium of a drive. */

import { ok } from '../../shared/core/result.ts';
import { isUtf8, utf8 } from '../../shared/core/utf8.ts';
import { planMedium } from '../../shared/domain/build/index.ts';
import { parseTarget } from '../../shared/nbd/target.ts';
import type { Context } from '../context.ts';
import { EXIT, failure, type Outcome } from '../output/exit.ts';
import type { Options } from '../table.ts';
import { readVdev, runOnDisk } from './disk-plan.ts';

export async function diskInsert(
  context: Context,
  [domain = '', vdev = '', target = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  if (!isUtf8(target)) return failure(EXIT.usage, 'the target is not valid UTF-8');
  const read = parseTarget(utf8(target));
  if (!read.ok) return failure(EXIT.usage, `'${target}': ${read.error.what}`);
  return change(context, domain, vdev, utf8(target), options);
}

export async function diskEject(
  context: Context,
  [domain = '', vdev = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  return change(context, domain, vdev, '', options);
}

/** `target` as bytes; none to eject. */
async function change(
  context: Context,
  domain: string,
  vdev: string,
  target: string,
  options: Options,
): Promise<Outcome> {
  const device = readVdev(vdev);
  if (!device.ok) return failure(EXIT.usage, device.error.what);
  return runOnDisk(context, domain, options, {
    name: (vm) =>
      target === '' ? `eject ${vdev} of ${vm}` : `insert ${target} into ${vdev} of ${vm}`,
    plan: async (of) => ok(planMedium(of, device.value, vdev, target)),
    stoppable: true,
    done: (vm) => `${target === '' ? 'nothing' : target} is in ${vdev} of ${vm}`,
  });
}
