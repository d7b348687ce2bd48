/** Plans carried out by a command: progress, signals, and what is said of a failure. */

import { type Plan, type PlanFailure, runPlan } from '../shared/domain/build/index.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { HeldSignals } from '../shared/platform/signals.ts';
import type { Context } from './context.ts';
import { failed, failure, type Outcome, SIGNAL_EXITS } from './output/exit.ts';
import { startProgress } from './output/progress.ts';
import { readable } from './output/style.ts';

export interface Carrying {
  readonly clock: Clock;
  readonly quiet: boolean;
  readonly signals: HeldSignals;
  /** Whether a signal ends it early, with all steps taken back; if not, it goes on to its end. */
  readonly stoppable: boolean;
}

/** Undefined once all steps are done; else why not, when all that could be is taken back. */
export async function carryOut<S>(
  { terminal }: Context,
  plan: Plan<S>,
  state: S,
  { clock, quiet, signals, stoppable }: Carrying,
): Promise<Outcome | undefined> {
  const progress = startProgress(terminal, plan, quiet);
  const forget = signals.whenFirst((signal) => {
    const what = stoppable ? 'is taken back' : 'goes on to its end';
    const text = `${signal}: '${plan.name}' ${what}; Ctrl-C again ends it where it is`;
    terminal.err.write(`xtl: ${readable(text)}\n`);
  });
  const stop = async () => {
    const signal = await signals.came();
    return signal && ({ errno: 'EINTR', what: `ended by ${signal}` } as const);
  };
  const { observe } = progress;
  const result = await runPlan(plan, state, clock, { observe, ...(stoppable && { stop }) });
  forget();
  await progress.end();
  return result.ok ? undefined : notDone(plan, result.error, signals);
}

async function notDone<S>(
  plan: Plan<S>,
  error: PlanFailure,
  signals: HeldSignals,
): Promise<Outcome> {
  const { exit, message = '' } = failed(error);
  const text = `cannot ${plan.name}: ${message}${leftText(error.left)} [step ${error.step}]`;
  const signal = await signals.came();
  return failure(signal === undefined ? exit : SIGNAL_EXITS[signal], text);
}

/** What could not be taken back. */
export function leftText(left: PlanFailure['left']): string {
  return left.map(({ step, error }) => `; could not undo ${step}: ${error.what}`).join('');
}
