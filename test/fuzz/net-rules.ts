/** Texts of rules, sensible or not: each has an answer, and what it says is what a model says. */

import { deepEqual, equal } from 'node:assert/strict';
import { compileRules, nameVif } from '../../drivers/netback/rules/compile.ts';
import { createFacts } from '../../drivers/netback/rules/facts.ts';
import { decidingRule } from '../../drivers/netback/rules/match.ts';
import { readRules } from '../../drivers/netback/rules/read.ts';
import { ruleText } from '../../drivers/netback/rules/rule.ts';
import { type Prng, prng } from '../../shared/core/prng.ts';
import { must } from '../../shared/core/result.ts';
import * as model from '../net/rules-model.ts';
import type { World } from './target.ts';

const WORDS = [
  'allow',
  'deny',
  'default',
  'from',
  'to',
  'port',
  'any',
  ',',
  '#',
  '\n',
  '\0',
  '-',
  '/',
];

function randomText(random: Prng): string {
  const { rules, otherwise } = model.randomRules(random);
  const lines = [...rules.map(ruleText), `default ${otherwise}`];
  let text = lines.join('\n');
  const edits = random.chance(0.4) ? 0 : random.below(4);
  for (let i = 0; i < edits; i++) {
    const at = random.below(text.length + 1);
    const end = Math.min(text.length, at + random.below(6));
    const put = random.pick([...WORDS, '', ' ', String.fromCharCode(random.below(0x300))]);
    text = text.slice(0, at) + put + text.slice(end);
  }
  return text;
}

export const rulesWorld: World = async (seed, cases, done) => {
  const random = prng(seed);
  const facts = createFacts();
  for (let i = 0; i < cases; i++) {
    const text = randomText(random);
    const { set, problems } = readRules('rules', text);
    equal(set === undefined, problems.length > 0);
    const lines = text.split('\n').length;
    for (const { line, column } of problems) {
      equal(line >= 0 && line <= lines && column >= (line === 0 ? 0 : 1), true, 'a place outside');
    }
    if (set !== undefined) {
      const again = [...set.rules.map(ruleText), `default ${set.otherwise}`].join('\n');
      const withoutLines = (rules: typeof set.rules) => rules.map((rule) => ({ ...rule, line: 0 }));
      const reread = readRules('rules', again).set;
      deepEqual(withoutLines(reread?.rules ?? []), withoutLines(set.rules));
      const compiled = must(compileRules(set));
      for (const [port, name] of model.VIFS.entries()) nameVif(compiled, name, port);
      for (let j = 0; j < 4; j++) {
        const spoken = model.randomSpoken(random);
        model.putFacts(facts, spoken, model.VIFS);
        equal(decidingRule(compiled, facts), model.naiveDecision(set, spoken));
      }
    }
    done();
  }
};
