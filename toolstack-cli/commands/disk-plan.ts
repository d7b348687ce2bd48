/** What the commands that change a disk have in common: the plan, shown or carried out. */

import { fail, ok, type Result } from '../../shared/core/result.ts';
import { utf8 } from '../../shared/core/utf8.ts';
import {
  type BuildHost,
  type DiskState,
  formatUuid,
  type KeptDomain,
  newDiskState,
  type Plan,
} from '../../shared/domain/build/index.ts';
import { virtualDeviceNumber } from '../../shared/domain/spec/virtual-device.ts';
import { carryOut } from '../carry-out.ts';
import type { Context } from '../context.ts';
import { findDomain, nameOf } from '../domains.ts';
import { DONE, failed, failure, type Outcome, SIGNAL_EXITS } from '../output/exit.ts';
import { showPlan } from '../output/show-plan.ts';
import { readable } from '../output/style.ts';
import type { Options } from '../table.ts';

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

export async function runOnDisk(
  context: Context,
  word: string,
  options: Options,
  command: DiskCommand,
): Promise<Outcome> {
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const { domid, uuid } = info.value;
  const vm = `'${utf8((await nameOf(host.value, domid)) ?? word)}'`;
  const made = await command.plan({ domid, uuid: formatUuid(uuid) }, host.value);
  if (!made.ok) return failed(made.error);
  const plan = { ...made.value, name: command.name(vm) };
  if (options.dryRun === true) return showPlan(context.terminal, plan, options.output);
  const signals = context.holdSignals();
  const { stoppable } = command;
  const quiet = options.quiet === true;
  const how = { clock: host.value.clock, quiet, signals, stoppable };
  const state = newDiskState(host.value);
  const notDone = await carryOut(context, plan, state, how);
  const signal = await signals.came();
  signals.release();
  if (notDone !== undefined) return notDone;
  const done = command.done(vm, state);
  if (signal !== undefined) return failure(SIGNAL_EXITS[signal], `${done} all the same`);
  if (!quiet) context.terminal.err.write(`${readable(done)}\n`);
  return DONE;
}
