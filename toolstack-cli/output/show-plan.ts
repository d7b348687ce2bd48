/** A plan as a reader sees it before anything is done. */

import { fromUtf8 } from '../../shared/core/utf8.ts';
import type { Plan } from '../../shared/domain/build/index.ts';
import type { Terminal } from '../terminal.ts';
import { DONE, type Outcome } from './exit.ts';
import { columns, emit, type Format } from './format.ts';
import { printable } from './style.ts';

export async function showPlan<S>(
  { out }: Terminal,
  plan: Plan<S>,
  format: string | boolean | undefined,
): Promise<Outcome> {
  const steps = plan.steps.map(({ id, title, undo }) => ({
    id,
    title: fromUtf8(title),
    undo: undo !== undefined,
  }));
  const data = { plan: fromUtf8(plan.name), steps };
  await emit(out, format as Format, data, () =>
    columns(
      ['#', 'STEP', 'WHAT IT DOES'],
      steps.map(({ id, title }, i) => [String(i + 1), id, printable(title)]),
    ),
  );
  return DONE;
}
