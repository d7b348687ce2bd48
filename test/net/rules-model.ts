/** Random rules and packets, and an interpreter of rules as slow and plain as it can be. */

import type { Facts } from '../../drivers/netback/rules/facts.ts';
import {
  DIRECTIONS,
  type Direction,
  type Place,
  type Rule,
  type RuleSet,
  STATES,
  type State,
} from '../../drivers/netback/rules/rule.ts';
import type { Prng } from '../../shared/core/prng.ts';
import { formatIp4, formatIp6 } from '../../shared/net/address-text.ts';

/** A packet as people speak of it; addresses are whole numbers. */
export interface Spoken {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly source: bigint;
  readonly target: bigint;
  readonly sourcePort: number | undefined;
  readonly targetPort: number | undefined;
  readonly icmp: readonly [number, number] | undefined;
  readonly direction: Direction;
  readonly state: State;
  readonly from: string;
  readonly to: string;
}

export const VIFS = ['web', 'db', 'mail'];

/** Few values, so that they meet. */
function randomAddress(random: Prng, family: 4 | 6): bigint {
  const low = BigInt(random.below(4));
  if (family === 4) return (10n << 24n) | (BigInt(random.below(3)) << 15n) | low;
  return (0xfdn << 120n) | (BigInt(random.below(3)) << 63n) | low;
}

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

function addressText(address: bigint, family: 4 | 6): string {
  if (family === 4) return formatIp4(Number(address));
  const bytes = Uint8Array.from({ length: 16 }, (_, i) =>
    Number((address >> BigInt(120 - 8 * i)) & 255n),
  );
  return formatIp6(bytes, 0);
}

function randomNetwork(random: Prng): string {
  const family = random.chance(0.5) ? 4 : 6;
  const most = bitsOf(family);
  const bits = random.pick([most, most, most - 1, most - 2, most / 2 + 1, 7, 8, 0]);
  const shift = BigInt(most - bits);
  const address = (randomAddress(random, family) >> shift) << shift;
  return bits === most ? addressText(address, family) : `${addressText(address, family)}/${bits}`;
}

function randomPlace(random: Prng, hasPorts: boolean): Place {
  const range = (): [number, number] => {
    const first = random.below(6);
    return [first, first + random.below(2)];
  };
  const some = <T>(make: () => T): T[] => Array.from({ length: 1 + random.below(3) }, make);
  return {
    ...(random.chance(0.7) ? { addresses: some(() => randomNetwork(random)) } : {}),
    ...(hasPorts && random.chance(0.5) ? { ports: some(range) } : {}),
  };
}

export function randomRule(random: Prng, line: number): Rule {
  const protocol = random.chance(0.6) ? random.pick([1, 6, 17, 58, 47]) : undefined;
  const hasPorts = protocol === 6 || protocol === 17;
  const hasTypes = protocol === 1 || protocol === 58;
  const icmpType = hasTypes && random.chance(0.5) ? random.below(3) : undefined;
  const states = STATES.filter(() => random.chance(0.4));
  return {
    action: random.pick(['allow', 'deny'] as const),
    ...(random.chance(0.3) ? { direction: random.pick(DIRECTIONS) } : {}),
    ...(random.chance(0.4) && states.length > 0 ? { states } : {}),
    ...(protocol === undefined ? {} : { protocol }),
    ...(random.chance(0.2) ? { on: random.pick(VIFS) } : {}),
    ...(random.chance(0.4) ? { from: randomPlace(random, hasPorts) } : {}),
    ...(random.chance(0.4) ? { to: randomPlace(random, hasPorts) } : {}),
    ...(icmpType === undefined ? {} : { icmpType }),
    ...(icmpType !== undefined && random.chance(0.5) ? { icmpCode: random.below(2) } : {}),
    line,
  };
}

export function randomRules(random: Prng): RuleSet {
  const rules = Array.from({ length: random.below(12) }, (_, i) => randomRule(random, i + 1));
  return { rules, otherwise: random.pick(['allow', 'deny'] as const) };
}

export function randomSpoken(random: Prng): Spoken {
  const family = random.chance(0.5) ? 4 : 6;
  const protocol = random.pick([1, 6, 17, 58, 47]);
  const isLaterFragment = random.chance(0.1);
  const hasPorts = (protocol === 6 || protocol === 17) && !isLaterFragment;
  const hasTypes = (protocol === 1 || protocol === 58) && !isLaterFragment;
  return {
    family,
    protocol,
    source: randomAddress(random, family),
    target: randomAddress(random, family),
    sourcePort: hasPorts ? random.below(8) : undefined,
    targetPort: hasPorts ? random.below(8) : undefined,
    icmp: hasTypes ? [random.below(4), random.below(3)] : undefined,
    direction: random.pick(DIRECTIONS),
    state: random.pick(STATES),
    from: random.pick(VIFS),
    to: random.pick(VIFS),
  };
}

/** The same packet as rules see it. */
export function putFacts(facts: Facts, spoken: Spoken, vifs: readonly string[]): void {
  const words = (address: bigint): number[] =>
    spoken.family === 4
      ? [Number(address) | 0, 0, 0, 0]
      : [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffff_ffffn) | 0);
  facts.family = spoken.family;
  facts.protocol = spoken.protocol;
  facts.source.set(words(spoken.source));
  facts.target.set(words(spoken.target));
  facts.sourcePort = spoken.sourcePort ?? -1;
  facts.targetPort = spoken.targetPort ?? -1;
  facts.icmpType = spoken.icmp?.[0] ?? -1;
  facts.icmpCode = spoken.icmp?.[1] ?? -1;
  facts.direction = 1 << DIRECTIONS.indexOf(spoken.direction);
  facts.state = 1 << STATES.indexOf(spoken.state);
  facts.from = vifs.indexOf(spoken.from);
  facts.to = vifs.indexOf(spoken.to);
}

function parseAddress(text: string): bigint {
  if (!text.includes(':'))
    return text.split('.').reduce((all, part) => all * 256n + BigInt(part), 0n);
  const [head = '', tail] = text.split('::').map((half) => half.split(':').filter(Boolean));
  const rest = tail ?? [];
  const zeros = new Array<string>(8 - head.length - rest.length).fill('0');
  const words = tail === undefined ? [...head] : [...head, ...zeros, ...rest];
  return words.reduce((all, word) => all * 65_536n + BigInt(`0x${word}`), 0n);
}

function isInNetwork(text: string, family: 4 | 6, address: bigint): boolean {
  if ((text.includes(':') ? 6 : 4) !== family) return false;
  const most = bitsOf(family);
  const [name = '', bits = `${most}`] = text.split('/');
  const shift = BigInt(most - Number(bits));
  return address >> shift === parseAddress(name) >> shift;
}

function isAt(place: Place | undefined, spoken: Spoken, address: bigint, port: number | undefined) {
  const { addresses, ports } = place ?? {};
  if (addresses && !addresses.some((text) => isInNetwork(text, spoken.family, address)))
    return false;
  return !ports || (port !== undefined && ports.some(([a, b]) => port >= a && port <= b));
}

/** The index of the first rule about it; as many as there are: the default. */
export function naiveDecision({ rules }: RuleSet, spoken: Spoken): number {
  const found = rules.findIndex(
    (rule) =>
      (rule.direction ?? spoken.direction) === spoken.direction &&
      (rule.states ?? [spoken.state]).includes(spoken.state) &&
      (rule.family ?? spoken.family) === spoken.family &&
      (rule.protocol ?? spoken.protocol) === spoken.protocol &&
      (rule.on === undefined || [spoken.from, spoken.to].includes(rule.on)) &&
      isAt(rule.from, spoken, spoken.source, spoken.sourcePort) &&
      isAt(rule.to, spoken, spoken.target, spoken.targetPort) &&
      (rule.icmpType === undefined || rule.icmpType === spoken.icmp?.[0]) &&
      (rule.icmpCode === undefined || rule.icmpCode === spoken.icmp?.[1]),
  );
  return found < 0 ? rules.length : found;
}
