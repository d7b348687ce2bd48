/** A text into rules, with all of its mistakes at once: line, column, reason. */

import {
  type Problem,
  problemAt,
  problemOf,
  shortened,
} from '../../../shared/domain/xl-cfg/problem.ts';
import { joinSources, type Sources } from '../../../shared/domain/xl-cfg/sources.ts';
import type { Span } from '../../../shared/domain/xl-cfg/syntax.ts';
import { parse } from './grammar.peggy.js';
import { RULES_MAX, TEXT_MAX } from './limits.ts';
import { readClauses } from './read-clauses.ts';
import { ACTIONS, type Action, type Rule, type RuleSet } from './rule.ts';
import type { Fault, Name, Statement } from './syntax.ts';

export interface ReadRules {
  /** Undefined: there are problems. */
  readonly set: RuleSet | undefined;
  readonly problems: readonly Problem[];
}

export type Blame = (at: Span, code: string, message: string, hint?: string) => void;

/** `file` is what problems call the text. */
export function readRules(file: string, text: string): ReadRules {
  const problems: Problem[] = [];
  if (text.length > TEXT_MAX) {
    const message = `the rules are longer than ${TEXT_MAX} characters`;
    return { set: undefined, problems: [problemOf(file, { code: 'XTL-R001', message })] };
  }
  const sources = joinSources(file, text);
  const blame: Blame = (at, code, message, hint) =>
    void problems.push(problemAt(sources.place(at), { code, message, hint }));
  const rules: Rule[] = [];
  const defaults: Name[] = [];
  for (const statement of parse(text)) {
    const rule = readStatement(statement, sources, defaults, blame);
    if (rule !== undefined) rules.push(rule);
  }
  if (rules.length > RULES_MAX) {
    const message = `there are ${rules.length} rules, ${RULES_MAX} at most`;
    problems.push(problemOf(file, { code: 'XTL-R001', message }));
  }
  const otherwise = readDefault(file, defaults, blame, problems);
  if (problems.length > 0 || otherwise === undefined) return { set: undefined, problems };
  return { set: { rules, otherwise }, problems };
}

function readStatement(
  statement: Statement,
  sources: Sources,
  defaults: Name[],
  blame: Blame,
): Rule | undefined {
  if (statement.kind === 'broken') {
    for (const fault of statement.faults) tellFault(fault, blame);
    return undefined;
  }
  const { action, clauses, at } = statement;
  for (const clause of clauses) if (clause.kind === 'fault') tellFault(clause, blame);
  if (action.kind === 'default') {
    defaults.push(action.name ?? { text: '', at });
    const [extra] = clauses;
    if (extra) blame(extra.at, 'XTL-R004', 'a default has no conditions', 'write a rule for these');
    return undefined;
  }
  const conditions = readClauses(
    clauses.flatMap((clause) => (clause.kind === 'fault' ? [] : [clause])),
    blame,
  );
  return { action: action.text, ...conditions, line: sources.place(at).line };
}

const KNOWN =
  'in, out, between, tcp, udp, icmp, icmp6, ip4, ip6, proto, on, from, to, type, or a state';

function tellFault({ code, text, at }: Fault, blame: Blame): void {
  const word = shortened(text);
  if (code === 'action') {
    blame(at, 'XTL-R002', `${word} begins no rule`, 'a line begins with allow, deny or default');
  } else if (code === 'unfinished') {
    blame(at, 'XTL-R003', `what belongs to ${word} is missing`);
  } else {
    const hint = /^port\b/.test(text) ? 'a port belongs to from or to: from any port 80' : KNOWN;
    blame(at, 'XTL-R002', `${word} has no place here`, hint);
  }
}

const isAction = (text: string): text is Action => ACTIONS.some((action) => action === text);

function readDefault(
  file: string,
  defaults: readonly Name[],
  blame: Blame,
  problems: Problem[],
): Action | undefined {
  const [first, second] = defaults;
  if (first === undefined) {
    const message = 'there is no default: what becomes of packets that no rule is about?';
    problems.push(problemOf(file, { code: 'XTL-R005', message, hint: 'add: default deny' }));
    return undefined;
  }
  if (second !== undefined) blame(second.at, 'XTL-R005', 'there is a default already');
  if (isAction(first.text)) return first.text;
  blame(first.at, 'XTL-R005', 'a default is allow or deny');
  return undefined;
}
