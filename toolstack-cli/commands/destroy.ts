/** `xtl vm destroy`: the plan that ends a domain. */

import { newDestroyState, planDestroy } from '../../shared/domain/build/index.ts';
import { carryOut } from '../carry-out.ts';
import type { Context } from '../context.ts';
import { findDomain, nameOf } from '../domains.ts';
import { refuseIfNeeded } from '../needed.ts';
import { DONE, failed, failure, type Outcome, SIGNAL_EXITS } from '../output/exit.ts';
import type { Options } from '../table.ts';

export async function destroy(
  context: Context,
  [word = '']: readonly string[],
  options: Options,
): Promise<Outcome> {
  const host = await context.host();
  if (!host.ok) return failed(host.error);
  const info = await findDomain(host.value, word);
  if (!info.ok) return failed(info.error);
  const { domid } = info.value;
  const refused = await refuseIfNeeded(host.value, info.value, 'destroy', options.force === true);
  if (refused !== undefined) return refused;
  const name = (await nameOf(host.value, domid)) ?? word;
  const signals = context.holdSignals();
  const carrying = { clock: host.value.clock, quiet: options.quiet === true, signals };
  const plan = { ...planDestroy(domid), name: `destroy '${name}'` };
  const state = newDestroyState(host.value);
  // Half a destroyed domain is of no use to anybody.
  const how = { ...carrying, stoppable: false };
  const notDone = await carryOut(context, plan, state, how);
  const signal = await signals.came();
  signals.release();
  if (notDone !== undefined || signal === undefined) return notDone ?? DONE;
  return failure(SIGNAL_EXITS[signal], `'${name}' is destroyed all the same`);
}
