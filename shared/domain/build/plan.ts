/**
 * A plan is data: a list of atomic steps with their undo; dry run, progress and rollback come from
 * it.
 */

import type { Failure, Result } from '../../core/result.ts';
import type { Clock } from '../../platform/clock.ts';

/** One atomic step. `S` is what the steps of one plan hand on to each other. */
export interface Step<S> {
  /** Stable, kebab-case: what tests, progress and benchmarks name the step by. */
  readonly id: string;
  /** What it does to this very domain, for a reader: `give it 512 MiB in 256 extents`. */
  readonly title: string;
  run(state: S): Result<void> | Promise<Result<void>>;
  /**
   * Takes back whatever `run` did, also where it failed half way; must not fail because there is
   * nothing to take back. Steps whose effects vanish with an earlier step's undo have none.
   */
  undo?(state: S): Result<void> | Promise<Result<void>>;
}

export interface Plan<S> {
  readonly name: string;
  readonly steps: readonly Step<S>[];
}

export type StepEvent =
  | { readonly kind: 'start'; readonly step: Step<never>; readonly index: number }
  | { readonly kind: 'done'; readonly step: Step<never>; readonly ms: number }
  | { readonly kind: 'failed'; readonly step: Step<never>; readonly error: Failure }
  | { readonly kind: 'undone'; readonly step: Step<never>; readonly error?: Failure };

/** A failure of a plan: which step, and what could not be taken back (nothing, normally). */
export interface PlanFailure extends Failure {
  readonly step: string;
  readonly left: readonly { readonly step: string; readonly error: Failure }[];
}

export type PlanResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: PlanFailure };

/**
 * Runs the steps in order. At the first failure the failed step and all before it are undone, last
 * first, every one of them even if an undo fails.
 */
export async function runPlan<S>(
  plan: Plan<S>,
  state: S,
  clock: Clock,
  observe: (event: StepEvent) => void = () => {},
): Promise<PlanResult> {
  for (const [index, step] of plan.steps.entries()) {
    observe({ kind: 'start', step, index });
    const start = clock.nowMs();
    const result = await step.run(state);
    if (!result.ok) {
      observe({ kind: 'failed', step, error: result.error });
      const left = await rollBack(plan.steps.slice(0, index + 1), state, observe);
      return { ok: false, error: { ...result.error, step: step.id, left } };
    }
    observe({ kind: 'done', step, ms: clock.nowMs() - start });
  }
  return { ok: true };
}

async function rollBack<S>(
  steps: readonly Step<S>[],
  state: S,
  observe: (event: StepEvent) => void,
): Promise<PlanFailure['left']> {
  const left: { step: string; error: Failure }[] = [];
  for (const step of steps.toReversed()) {
    if (step.undo === undefined) continue;
    const result = await step.undo(state);
    if (result.ok) observe({ kind: 'undone', step });
    else {
      left.push({ step: step.id, error: result.error });
      observe({ kind: 'undone', step, error: result.error });
    }
  }
  return left;
}
