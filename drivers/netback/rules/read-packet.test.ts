import { expect, it } from 'vitest';
import { must } from '../../../shared/core/result.ts';
import { compileRules, nameVif } from './compile.ts';
import { explain } from './explain.ts';
import { readRules } from './read.ts';
import { readPacket } from './read-packet.ts';
import type { RuleSet } from './rule.ts';

const RULES = `allow established
deny out tcp to any port 25
allow in tcp on web to 10.0.0.5 port 80
allow ip6 from fd00::/8
default deny`;

it.each([
  ['out tcp from 10.0.0.5 port 4000 to 203.0.113.7 port 25', 2],
  ['tcp to 203.0.113.7 port 26', undefined],
  ['in tcp on web from 203.0.113.7 to 10.0.0.5 port 80', 3],
  ['in tcp on db from 203.0.113.7 to 10.0.0.5 port 80', undefined],
  ['established in udp', 1],
  ['udp from fd00::1', 4],
  ['udp ip6', undefined],
])('%s: line %s decides', (text, line) => {
  const compiled = must(compileRules(readRules('rules', RULES).set as RuleSet));
  nameVif(compiled, 'web', 3);
  const facts = readPacket(text, (name) => (name === 'web' ? 3 : -1));
  if (typeof facts === 'string') throw new Error(facts);
  expect(explain(compiled, facts).rule?.line).toBe(line);
});

it.each([
  ['tpc', 'tpc has no place here'],
  ['tcp\nallow udp', 'a packet is one line'],
  ['from 10.0.0.0/8', 'a packet has an address, no network'],
  ['from 10.0.0.1,10.0.0.2', 'a packet has one address and one port'],
  ['tcp from any port 1-2', 'a packet has one port at each end'],
  ['new,established', 'a packet has one state'],
  ['from 10.0.0.1 to fd00::1', 'addresses of two families'],
])('%s: %s', (text, want) => {
  expect(readPacket(text, () => -1)).toBe(want);
});
