/** `xtl vm destroy`: the plan that ends a domain. */

import { newDestroyState, planDestroy, runPlan } from '../../shared/domain/build/index.ts';
import type { Context } from '../context.ts';
import { findDomain, nameOf } from '../domains.ts';
import { refuseIfNeeded } from '../needed.ts';
import { DONE, failed, type Outcome } from '../output/exit.ts';
import { startProgress } from '../output/progress.ts';
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
  const plan = planDestroy(domid);
  const progress = startProgress(context.terminal, plan, options.quiet === true);
  const name = await nameOf(host.value, domid);
  const result = await runPlan(
    plan,
    newDestroyState(host.value),
    host.value.clock,
    progress.observe,
  );
  await progress.end();
  if (result.ok) return DONE;
  return failed(result.error, `cannot destroy '${name ?? word}': `);
}
