import { deepEqual, equal } from 'node:assert/strict';
import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { must } from '../../../shared/core/result.ts';
import * as model from '../../../test/net/rules-model.ts';
import { compileRules, NO_VIF, nameVif } from './compile.ts';
import { explain } from './explain.ts';
import { createFacts } from './facts.ts';
import { decidingRule, isAllowed } from './match.ts';
import { readRules } from './read.ts';
import type { RuleSet } from './rule.ts';

describe('against an interpreter', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('the same rule decides, seed %i', (seed) => {
    const random = prng(seed);
    const facts = createFacts();
    let decided = 0;
    for (let i = 0; i < 60; i++) {
      const set = model.randomRules(random);
      const compiled = must(compileRules(set));
      for (const [port, name] of model.VIFS.entries()) nameVif(compiled, name, port);
      for (let j = 0; j < 60; j++) {
        const spoken = model.randomSpoken(random);
        model.putFacts(facts, spoken, model.VIFS);
        const want = model.naiveDecision(set, spoken);
        const rule = set.rules[want];
        const action = rule?.action ?? set.otherwise;
        equal(decidingRule(compiled, facts), want);
        equal(isAllowed(compiled, facts, 100), action === 'allow');
        const said = explain(compiled, facts);
        deepEqual([said.rule, said.passed.length, said.action], [rule, want, action]);
        if (want < set.rules.length) decided++;
      }
      equal(
        compiled.counters.reduce((sum, count) => sum + count),
        60 * 101,
      );
    }
    expect(decided).toBeGreaterThan(500);
  });
});

const TEXT = `
allow established,related
deny out tcp to any port 25       # no mail
allow on web in tcp to 10.0.0.5 port 80,443
allow icmp type 8
default deny
`;

it('says which rule decides, and why those before it do not', () => {
  const compiled = must(compileRules(readRules('rules', TEXT).set as RuleSet));
  nameVif(compiled, 'web', 3);
  const facts = createFacts();
  Object.assign(facts, { family: 4, protocol: 6, sourcePort: 9, targetPort: 443, direction: 1 });
  facts.to = 3;
  facts.target[0] = 0x0a00_0005;
  expect(explain(compiled, facts)).toMatchObject({
    action: 'allow',
    text: 'allow in tcp on web to 10.0.0.5 port 80,443',
    rule: { line: 4 },
    passed: [
      { rule: { line: 2 }, because: 'another state of its connection' },
      { rule: { line: 3 }, because: 'another direction' },
    ],
  });
  nameVif(compiled, 'web', NO_VIF);
  const { action, rule, text, passed } = explain(compiled, facts);
  expect([action, rule, text]).toEqual(['deny', undefined, 'default deny']);
  expect(passed.map(({ because }) => because).slice(2)).toEqual([
    'another vif',
    'another protocol',
  ]);
});

it('each rule counts its packets and bytes, and the default those that are left', () => {
  const compiled = must(compileRules(readRules('rules', TEXT).set as RuleSet));
  const facts = createFacts();
  Object.assign(facts, { family: 4, protocol: 1, icmpType: 8 });
  for (let i = 0; i < 3; i++) isAllowed(compiled, facts, 100);
  facts.icmpType = 0;
  isAllowed(compiled, facts, 7);
  expect([...compiled.counters]).toEqual([0, 0, 0, 0, 0, 0, 3, 300, 1, 7]);
});

it.each([
  ['an action', { action: 'reject' }],
  ['a direction', { direction: 'up' }],
  ['a state', { states: ['old'] }],
  ['a family', { family: 5 }],
  ['a protocol', { protocol: 256 }],
  ['a type', { icmpType: -1 }],
  ['an address', { from: { addresses: ['10.0.0'] } }],
  ['no address', { from: { addresses: [] } }],
  ['a port', { to: { ports: [[1, 65_536]] } }],
  ['a range', { to: { ports: [[2, 1]] } }],
  ['a fraction', { to: { ports: [[1, 1.5]] } }],
])('data that is no rule is refused: %s', (_, wrong) => {
  const rule = { action: 'allow', line: 0 };
  const set = JSON.parse(
    JSON.stringify({ rules: [rule, { ...rule, ...wrong }], otherwise: 'deny' }),
  );
  expect(compileRules(set)).toMatchObject({
    ok: false,
    error: { errno: 'EINVAL', what: expect.stringContaining('rule 2: ') },
  });
});
