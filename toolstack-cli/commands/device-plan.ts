/** What the commands that change a device have in common: the plan, shown or carried out. */

import type { Result } from '../../shared/core/result.ts';
import { utf8 } from '../../shared/core/utf8.ts';
import {
  type BuildHost,
  type DeviceState,
  formatUuid,
  type KeptDomain,
  type Plan,
} from '../../shared/domain/build/index.ts';
import { carryOut } from '../carry-out.ts';
import type { Context } from '../context.ts';
import { findDomain, nameOf } from '../domains.ts';
import { DONE, failed, failure, type Outcome, SIGNAL_EXITS } from '../output/exit.ts';
import { showPlan } from '../output/show-plan.ts';
import { readable } from '../output/style.ts';
import type { Options } from '../table.ts';

export interface DeviceCommand<S extends DeviceState> {
  readonly state: (host: BuildHost) => S;
  readonly plan: (of: KeptDomain, host: BuildHost) => Promise<Result<Planned<S>>>;
  /** Whether a signal ends it early, with all steps taken back. */
  readonly stoppable: boolean;
}

/** Texts are bytes, as all that goes into a plan; `vm` is the domain's name. */
export interface Planned<S> {
  readonly plan: Plan<S>;
  readonly name: (vm: string) => string;
  /** What to say when it is done. */
  readonly done: (vm: string, state: S) => string;
}

export async function runOnDevice<S extends DeviceState>(
  context: Context,
  word: string,
  options: Options,
  command: DeviceCommand<S>,
): Promise<Outcome> {
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const { domid, uuid } = info.value;
  const vm = `'${utf8((await nameOf(host.value, domid)) ?? word)}'`;
  const made = await command.plan({ domid, uuid: formatUuid(uuid) }, host.value);
  if (!made.ok) return failed(made.error);
  const plan = { ...made.value.plan, name: made.value.name(vm) };
  if (options.dryRun === true) return showPlan(context.terminal, plan, options.output);
  const signals = context.holdSignals();
  const { stoppable } = command;
  const quiet = options.quiet === true;
  const how = { clock: host.value.clock, quiet, signals, stoppable };
  const state = command.state(host.value);
  const notDone = await carryOut(context, plan, state, how);
  const signal = await signals.came();
  signals.release();
  if (notDone !== undefined) return notDone;
  const done = made.value.done(vm, state);
  if (signal !== undefined) return failure(SIGNAL_EXITS[signal], `${done} all the same`);
  if (!quiet) context.terminal.err.write(`${readable(done)}\n`);
  return DONE;
}
