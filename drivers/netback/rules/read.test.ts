import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { randomRule } from '../../../test/net/rules-model.ts';
import { readRules } from './read.ts';
import { type Rule, ruleText } from './rule.ts';

const ruleOf = (line: string): Rule | undefined =>
  readRules('rules', `${line}\ndefault deny\n`).set?.rules[0];

describe('a rule', () => {
  it.each([
    ['allow', { action: 'allow' }],
    ['deny in', { action: 'deny', direction: 'in' }],
    ['allow established,related', { states: ['established', 'related'] }],
    ['allow new, invalid', { states: ['new', 'invalid'] }],
    ['allow tcp to any port 80', { protocol: 6, to: { ports: [[80, 80]] } }],
    [
      'allow udp from port 1-9,53',
      {
        protocol: 17,
        from: {
          ports: [
            [1, 9],
            [53, 53],
          ],
        },
      },
    ],
    ['deny from 10.0.0.0/8,fd00::/8', { from: { addresses: ['10.0.0.0/8', 'fd00::/8'] } }],
    ['deny ip6 icmp6 type 3 code 1', { family: 6, protocol: 58, icmpType: 3, icmpCode: 1 }],
    ['deny proto 47', { protocol: 47 }],
    ['deny on web', { on: 'web' }],
    ['  deny\tout \t# not a word', { action: 'deny', direction: 'out' }],
    ['deny to 10.0.0.1 tcp in', { protocol: 6, direction: 'in', to: { addresses: ['10.0.0.1'] } }],
  ])('%s', (line, want) => {
    expect(ruleOf(line)).toEqual({ action: line.trim().split(/\s/)[0], ...want, line: 1 });
  });
});

describe('a mistake has its line, its column and its reason', () => {
  it.each([
    ['block tcp', '1:1 block begins no rule'],
    ['allow tpc', '1:7 tpc has no place here'],
    ['allow tcp port 80', '1:11 port 80 has no place here'],
    ['allow from', '1:7 what belongs to from is missing'],
    ['allow from to 10.0.0.1', '1:7 what belongs to from is missing'],
    ['allow from 10.0.0.1,', '1:20 , has no place here'],
    ['allow from 10.0.0.256', '1:12 10.0.0.256 is no address and no network'],
    ['allow from 10.0.0.1,web', '1:21 web is no address and no network'],
    ['allow from 10.0.0.1/8', '1:12 10.0.0.1/8 has bits behind its length'],
    ['allow tcp to any port http', '1:23 http is no port'],
    ['allow tcp to any port 9-2', '1:23 9-2 ends before it begins'],
    ['allow tcp to any port 65536', '1:23 65536 is no port'],
    ['allow tcp to any port 1-2-3', '1:23 1-2-3 is no port'],
    ['allow to any port 80', '1:7 only tcp and udp have ports'],
    ['allow tcp type 8', '1:11 only icmp and icmp6 have types'],
    ['allow icmp type 256', '1:17 256 is no number from 0 to 255'],
    ['allow proto ospf', '1:13 ospf is no number from 0 to 255'],
    ['allow tcp udp', '1:11 this is the second protocol of the rule'],
    ['allow from any from any', '1:16 this is the second from of the rule'],
    ['allow new,old', '1:11 old is no state'],
    ['allow ip4 from fd00::1', '1:11 fd00::1 is no address of ip4'],
    ['\n\nallow tpc\r', '3:7 tpc has no place here'],
  ])('%s', (text, want) => {
    const { set, problems } = readRules('rules', `${text}\ndefault deny`);
    expect(set).toBeUndefined();
    expect(problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      want,
    ]);
  });

  it('and all of them are told at once', () => {
    const { problems } = readRules('rules', 'allow tpc udb\nblock\nallow from 1 to 2\n');
    expect(problems).toHaveLength(6);
    expect(problems.every(({ code }) => /^XTL-R00[1-5]$/.test(code))).toBe(true);
  });
});

describe('a default', () => {
  it.each([
    ['allow', '0 there is no default'],
    ['default', '1 a default is allow or deny'],
    ['default maybe', '1 a default is allow or deny'],
    ['default deny tcp', '1 a default has no conditions'],
    ['default deny\ndefault deny', '2 there is a default already'],
  ])('%s', (text, want) => {
    const told = readRules('rules', text).problems.map(({ line, message }) => `${line} ${message}`);
    expect(told).toEqual([expect.stringContaining(want)]);
  });

  it('may stand anywhere', () => {
    const { set } = readRules('rules', 'default allow\ndeny tcp\n');
    expect(set).toMatchObject({ otherwise: 'allow', rules: [{ line: 2 }] });
  });
});

it.each([
  ['a text', 'x'.repeat(65_537), 'longer'],
  ['rules', `${'allow\n'.repeat(513)}default deny`, '513 rules'],
  ['a list', `allow from ${new Array(65).fill('10.0.0.1').join(',')}\ndefault deny`, 'a list'],
])('%s too long', (_, text, want) => {
  expect(readRules('rules', text).problems[0]?.message).toContain(want);
});

it.each([1, 2, 3, 4])('what is written is read as the same, seed %i', (seed) => {
  const random = prng(seed);
  for (let i = 0; i < 100; i++) {
    const rule = randomRule(random, 1);
    const place = (one: Rule['from']) => (one && Object.keys(one).length === 0 ? {} : one);
    const want = { ...rule, ...(rule.from && { from: place(rule.from) }) };
    expect(ruleOf(ruleText(rule))).toEqual(want);
  }
});

it.each([1, 2, 3, 4])('any text has an answer, seed %i', (seed) => {
  const random = prng(seed);
  const words = [
    ...[
      'allow',
      'deny',
      'default',
      'from',
      'to',
      'port',
      'any',
      'tcp',
      'icmp',
      'type',
      'code',
      'on',
    ],
    ...[
      '10.0.0.1',
      'fd00::/8',
      '80',
      '1-9',
      'new',
      ',',
      '#',
      '\n',
      '\r',
      ' ',
      '\t',
      '\0',
      'é',
      'in',
    ],
  ];
  for (let i = 0; i < 500; i++) {
    const text = Array.from({ length: random.below(20) }, () =>
      random.chance(0.5) ? `${random.pick(words)} ` : random.pick(words),
    ).join('');
    const { set, problems } = readRules('rules', text);
    expect(set === undefined).toBe(problems.length > 0);
  }
});
