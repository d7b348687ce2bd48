/** What the commands that change a disk have in common. */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import {
  type BuildHost,
  type DiskState,
  type KeptDomain,
  newDiskState,
  type Plan,
} from '../../shared/domain/build/index.ts';
import { virtualDeviceNumber } from '../../shared/domain/spec/virtual-device.ts';
import type { Context } from '../context.ts';
import type { Outcome } from '../output/exit.ts';
import type { Options } from '../table.ts';
import { runOnDevice } from './device-plan.ts';

export interface DiskCommand {
  /** Bytes, as all that goes into a plan. */
  readonly name: (vm: string) => string;
  readonly plan: (of: KeptDomain, host: BuildHost) => Promise<Result<Plan<DiskState>>>;
  /** Whether a signal ends it early, with all steps taken back. */
  readonly stoppable: boolean;
  /** What to say when it is done. */
  readonly done: (vm: string, state: DiskState) => string;
}

/** The number of a disk by its name in the guest. */
export function readVdev(word: string): Result<number> {
  const device = virtualDeviceNumber(word);
  if (device !== undefined) return ok(device);
  return fail('EINVAL', `there is no virtual disk '${word}': it is like xvda, hda or 51712`);
}

export function runOnDisk(
  context: Context,
  word: string,
  options: Options,
  { name, plan, stoppable, done }: DiskCommand,
): Promise<Outcome> {
  return runOnDevice(context, word, options, {
    ...{ state: newDiskState, stoppable },
    plan: async (of, host) => {
      const made = await plan(of, host);
      return made.ok ? ok({ plan: made.value, name, done }) : made;
    },
  });
}
