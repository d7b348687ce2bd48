/** Which rule decides about a packet. Nothing is made. */

import {
  ANY_VIF,
  type CompiledPlace,
  type CompiledRule,
  type CompiledRules,
  NETWORK_WORDS,
} from './compile.ts';
import type { Facts } from './facts.ts';

/** Why a rule is not about a packet: the first condition that is not so. 0: it is about it. */
export const MATCHES = 0;
export const OTHER_DIRECTION = 1;
export const OTHER_STATE = 2;
export const OTHER_FAMILY = 3;
export const OTHER_PROTOCOL = 4;
export const OTHER_VIF = 5;
export const OTHER_SOURCE = 6;
export const OTHER_SOURCE_PORT = 7;
export const OTHER_TARGET = 8;
export const OTHER_TARGET_PORT = 9;
export const OTHER_TYPE = 10;
export const OTHER_CODE = 11;

function isInNetworks({ networks }: CompiledPlace, family: number, words: Int32Array): boolean {
  if (networks.length === 0) return true;
  for (let at = 0; at < networks.length; at += NETWORK_WORDS) {
    if (networks[at] !== family) continue;
    let isIn = true;
    for (let i = 0; i < 4 && isIn; i++) {
      const mask = networks[at + 1 + i] as number;
      isIn = ((words[i] as number) & mask) === networks[at + 5 + i];
    }
    if (isIn) return true;
  }
  return false;
}

/** What has no ports, as a later fragment, is in no range of them. */
function isInPorts({ ports }: CompiledPlace, port: number): boolean {
  if (ports.length === 0) return true;
  for (let at = 0; at < ports.length; at += 2) {
    if (port >= (ports[at] as number) && port <= (ports[at + 1] as number)) return true;
  }
  return false;
}

export function reasonAgainst(rule: CompiledRule, facts: Facts): number {
  if ((rule.directions & facts.direction) === 0) return OTHER_DIRECTION;
  if ((rule.states & facts.state) === 0) return OTHER_STATE;
  if (rule.family !== 0 && rule.family !== facts.family) return OTHER_FAMILY;
  if (rule.protocol >= 0 && rule.protocol !== facts.protocol) return OTHER_PROTOCOL;
  const { port, from, to } = rule;
  if (port !== ANY_VIF && port !== facts.from && port !== facts.to) return OTHER_VIF;
  if (!isInNetworks(from, facts.family, facts.source)) return OTHER_SOURCE;
  if (!isInPorts(from, facts.sourcePort)) return OTHER_SOURCE_PORT;
  if (!isInNetworks(to, facts.family, facts.target)) return OTHER_TARGET;
  if (!isInPorts(to, facts.targetPort)) return OTHER_TARGET_PORT;
  if (rule.icmpType >= 0 && rule.icmpType !== facts.icmpType) return OTHER_TYPE;
  return rule.icmpCode >= 0 && rule.icmpCode !== facts.icmpCode ? OTHER_CODE : MATCHES;
}

/** The place of the first rule about the packet; as many as there are rules: the default. */
export function decidingRule({ rules }: CompiledRules, facts: Facts): number {
  let i = 0;
  while (i < rules.length && reasonAgainst(rules[i] as CompiledRule, facts) !== MATCHES) i++;
  return i;
}

/** Whether the packet, of so many bytes, may pass; its rule counts it. */
export function isAllowed(compiled: CompiledRules, facts: Facts, bytes: number): boolean {
  const { counters, rules, isAllowedOtherwise } = compiled;
  const i = decidingRule(compiled, facts);
  counters[2 * i] = (counters[2 * i] as number) + 1;
  counters[2 * i + 1] = (counters[2 * i + 1] as number) + bytes;
  return i < rules.length ? (rules[i] as CompiledRule).isAllow : isAllowedOtherwise;
}
