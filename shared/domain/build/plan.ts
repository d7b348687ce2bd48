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

/** How a plan is watched, and ended early. */
export interface PlanOptions {
  readonly observe?: (event: StepEvent) => void;
  /** Asked before each step: a failure ends the plan there, as if the step had failed. */
  readonly stop?: () => Promise<Failure | undefined>;
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
  options: PlanOptions = {},
): Promise<PlanResult> {
  const { observe = () => {}, stop = async () => undefined } = options;
  for (const [index, step] of plan.steps.entries()) {
    const stopped = await stop();
    if (stopped !== undefined) {
      const left = await takeBack(plan.steps.slice(0, index), state, observe);
      return { ok: false, error: { ...stopped, step: step.id, left } };
    }
    observe({ kind: 'start', step, index });
    const start = clock.nowMs();
    const result = await step.run(state);
    if (!result.ok) {
      observe({ kind: 'failed', step, error: result.error });
      const left = await takeBack(plan.steps.slice(0, index + 1), state, observe);
      return { ok: false, error: { ...result.error, step: step.id, left } };
    }
    observe({ kind: 'done', step, ms: clock.nowMs() - start });
  }
  return { ok: true };
}

/** Undoes steps that have run, the last first; the value is what could not be undone. */
export async function takeBack<S>(
  steps: readonly Step<S>[],
  state: S,
  observe: (event: StepEvent) => void = () => {},
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
