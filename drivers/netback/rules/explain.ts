/** Why a packet passes or does not: which rule decides, and why those before it do not. */

import type { CompiledRule, CompiledRules } from './compile.ts';
import type { Facts } from './facts.ts';
import { decidingRule, reasonAgainst } from './match.ts';
import { type Action, type Rule, ruleText } from './rule.ts';

export interface Passed {
  readonly rule: Rule;
  readonly text: string;
  /** The first of its conditions that is not so. */
  readonly because: string;
}

export interface Explanation {
  readonly action: Action;
  /** Undefined: the default decides. */
  readonly rule: Rule | undefined;
  /** As it would be written. */
  readonly text: string;
  /** Rules before it, in their order. */
  readonly passed: readonly Passed[];
}

/** By the numbers of match.ts. */
const REASONS = [
  'it is about this packet',
  'another direction',
  'another state of its connection',
  'another family of addresses',
  'another protocol',
  'another vif',
  'another source',
  'another source port',
  'another target',
  'another target port',
  'another ICMP type',
  'another ICMP code',
] as const;

/** Counts nothing. */
export function explain(compiled: CompiledRules, facts: Facts): Explanation {
  const { set, rules } = compiled;
  const deciding = decidingRule(compiled, facts);
  const rule = set.rules[deciding];
  const passed = set.rules.slice(0, deciding).map((before, i) => ({
    rule: before,
    text: ruleText(before),
    because: REASONS[reasonAgainst(rules[i] as CompiledRule, facts)] as string,
  }));
  const action = rule?.action ?? set.otherwise;
  return { action, rule, text: rule ? ruleText(rule) : `default ${set.otherwise}`, passed };
}
