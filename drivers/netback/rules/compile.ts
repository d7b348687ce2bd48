/** Rules as data into what a packet is held against: numbers and masks. */

import { getU32 } from '../../../shared/core/big-endian.ts';
import { fail, ok, type Result } from '../../../shared/core/result.ts';
import { parseCidr } from '../../../shared/net/address-text.ts';
import { CHOICES_MAX, RULES_MAX } from './limits.ts';
import { ACTIONS, DIRECTIONS, type Place, type Rule, type RuleSet, STATES } from './rule.ts';

/** Of one network: its family, and four words each of mask and address. */
export const NETWORK_WORDS = 9;

export interface CompiledPlace {
  /** Empty: all. */
  readonly networks: Int32Array;
  /** First and last one behind the other; empty: all. */
  readonly ports: Int32Array;
}

export interface CompiledRule {
  readonly isAllow: boolean;
  /** Sets of bits. */
  readonly directions: number;
  readonly states: number;
  /** 0 and NONE: all. */
  readonly family: number;
  readonly protocol: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly from: CompiledPlace;
  readonly to: CompiledPlace;
  readonly on: string | undefined;
  /** The vif's port: ANY_VIF for all, NO_VIF while there is none of its name. */
  port: number;
}

export const ANY_VIF = -1;
export const NO_VIF = -2;

export interface CompiledRules {
  readonly set: RuleSet;
  readonly rules: readonly CompiledRule[];
  readonly isAllowedOtherwise: boolean;
  /** Packets and bytes of each rule in turn, and then of the default. */
  readonly counters: Float64Array;
}

const ALL_DIRECTIONS = (1 << DIRECTIONS.length) - 1;
const ALL_STATES = (1 << STATES.length) - 1;

/** EINVAL: these are no rules, and which one is none. */
export function compileRules(set: RuleSet): Result<CompiledRules> {
  const { rules, otherwise } = set;
  if (rules.length > RULES_MAX) return fail('EINVAL', `more than ${RULES_MAX} rules`);
  if (!ACTIONS.includes(otherwise)) return fail('EINVAL', 'a default that is no action');
  const compiled: CompiledRule[] = [];
  for (const [i, rule] of rules.entries()) {
    const one = compileRule(rule);
    if (typeof one === 'string') return fail('EINVAL', `rule ${i + 1}: ${one}`);
    compiled.push(one);
  }
  return ok({
    set,
    rules: compiled,
    isAllowedOtherwise: otherwise === 'allow',
    counters: new Float64Array(2 * (rules.length + 1)),
  });
}

const isByte = (value: number | undefined): boolean =>
  value === undefined || (Number.isInteger(value) && value >= 0 && value <= 255);

function compileRule(rule: Rule): CompiledRule | string {
  const { direction, states, protocol, icmpType, icmpCode, family = 0 } = rule;
  if (!ACTIONS.includes(rule.action)) return 'no such action';
  if (direction !== undefined && !DIRECTIONS.includes(direction)) return 'no such direction';
  if (states?.some((state) => !STATES.includes(state))) return 'no such state';
  if (![0, 4, 6].includes(family)) return 'no such family';
  if (![protocol, icmpType, icmpCode].every(isByte)) return 'a number beyond 255';
  const from = compilePlace(rule.from);
  const to = compilePlace(rule.to);
  if (typeof from === 'string') return from;
  if (typeof to === 'string') return to;
  return {
    isAllow: rule.action === 'allow',
    directions: direction === undefined ? ALL_DIRECTIONS : 1 << DIRECTIONS.indexOf(direction),
    states: states === undefined ? ALL_STATES : bitsOf(states.map((one) => STATES.indexOf(one))),
    family,
    protocol: protocol ?? -1,
    icmpType: icmpType ?? -1,
    icmpCode: icmpCode ?? -1,
    from,
    to,
    on: rule.on,
    port: rule.on === undefined ? ANY_VIF : NO_VIF,
  };
}

const bitsOf = (places: readonly number[]): number =>
  places.reduce((bits, place) => bits | (1 << place), 0);

function compilePlace(place: Place | undefined): CompiledPlace | string {
  const { addresses = [], ports = [] } = place ?? {};
  if (addresses.length > CHOICES_MAX || ports.length > CHOICES_MAX) return 'a list too long';
  // None of nothing would match, and all of nothing looks the same.
  if (place?.addresses?.length === 0 || place?.ports?.length === 0) return 'an empty list';
  const networks: number[] = [];
  for (const text of addresses) {
    const words = networkOf(text);
    if (words === undefined) return `${text} is no address and no network`;
    networks.push(...words);
  }
  const isRange = ([first, last]: readonly [number, number]): boolean =>
    Number.isInteger(first) &&
    Number.isInteger(last) &&
    first >= 0 &&
    first <= last &&
    last < 65536;
  if (!ports.every(isRange)) return 'a range of ports that is none';
  return { networks: Int32Array.from(networks), ports: Int32Array.from(ports.flat()) };
}

function networkOf(text: string): readonly number[] | undefined {
  const cidr = parseCidr(text);
  if (cidr === undefined) return undefined;
  const { address, bits } = cidr;
  const words = [0, 1, 2, 3].map((i) => (4 * i < address.length ? getU32(address, 4 * i) : 0));
  const masks = [0, 1, 2, 3].map((i) => maskOf(bits - 32 * i));
  const parts = words.map((word, i) => word & (masks[i] as number));
  return [address.length === 4 ? 4 : 6, ...masks, ...parts];
}

const maskOf = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? -1 : ~(-1 >>> bits));

/** A vif of this name is there, at this port; NO_VIF: it is gone. */
export function nameVif({ rules }: CompiledRules, name: string, port: number): void {
  for (const rule of rules) if (rule.on === name) rule.port = port;
}
