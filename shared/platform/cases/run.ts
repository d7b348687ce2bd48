/** Runs the suite on one platform and reports each case. */

import type { Case, CaseContext, CaseSetting } from './case.ts';
import { ExpectationError } from './expect.ts';
import { withinMs } from './wait.ts';

export interface Outcome {
  readonly group: string;
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it failed, or what it needs that is not offered. */
  readonly why?: string;
  readonly ms: number;
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const CASE_LIMIT_MS = 60_000;
const LEAK_PATIENCE_MS = 5_000;

/** Runs `cases` in order, one at a time; nothing may be left behind by any of them. */
export async function runCases(
  setting: CaseSetting,
  cases: readonly Case[],
  report: (outcome: Outcome) => void,
): Promise<Summary> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const one of cases) {
    const outcome = await runCase(setting, one);
    counts[outcome.status]++;
    report(outcome);
  }
  return counts;
}

async function runCase(setting: CaseSetting, one: Case): Promise<Outcome> {
  const { clock } = setting.platform;
  const { group, name } = one;
  const missing = (one.needs ?? []).filter((need) => !setting.offers.includes(need));
  if (missing.length > 0) {
    return { group, name, status: 'skipped', why: `needs ${missing.join(', ')}`, ms: 0 };
  }
  const start = clock.nowMs();
  const why = [await attempt(setting, one), await left(setting)].filter((text) => text !== '');
  const ms = clock.nowMs() - start;
  if (why.length === 0) return { group, name, status: 'passed', ms };
  return { group, name, status: 'failed', why: why.join('; '), ms };
}

/** Runs the case and its undos. The value says what went wrong, or is empty. */
async function attempt(setting: CaseSetting, one: Case): Promise<string> {
  const undos: (() => void)[] = [];
  const ctx: CaseContext = {
    ...setting,
    leaks: () => setting.leaks(),
    defer: (u) => undos.push(u),
  };
  const problems: string[] = [];
  try {
    const done = one.run(ctx).then(() => true);
    const finished = await withinMs(setting.platform.clock, done, CASE_LIMIT_MS);
    if (!finished) problems.push(`not done within ${CASE_LIMIT_MS / 1000} s`);
  } catch (thrown) {
    problems.push(text(thrown));
  }
  for (const undo of undos.reverse()) {
    try {
      undo();
    } catch (thrown) {
      problems.push(`cleaning up: ${text(thrown)}`);
    }
  }
  return problems.join('; ');
}

async function left(setting: CaseSetting): Promise<string> {
  const { clock } = setting.platform;
  const end = clock.nowMs() + LEAK_PATIENCE_MS;
  let leaks = setting.leaks();
  while (leaks.length > 0 && clock.nowMs() < end) {
    await clock.sleep(50);
    leaks = setting.leaks();
  }
  return leaks.length === 0 ? '' : `left behind: ${leaks.join(', ')}`;
}

function text(thrown: unknown): string {
  if (thrown instanceof ExpectationError) return thrown.message;
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}\n${thrown.stack ?? ''}`;
  return JSON.stringify(thrown);
}
