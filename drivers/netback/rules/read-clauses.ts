/** The conditions of one rule. */

import { shortened } from '../../../shared/domain/xl-cfg/problem.ts';
import type { Span } from '../../../shared/domain/xl-cfg/syntax.ts';
import { parseCidr } from '../../../shared/net/address-text.ts';
import { CHOICES_MAX } from './limits.ts';
import type { Blame } from './read.ts';
import { DIRECTIONS, type Place, type Rule, STATES, type State } from './rule.ts';
import type { Clause, Name, PlaceNode } from './syntax.ts';

export type Conditions = Omit<Rule, 'action' | 'line'>;
type Draft = { -readonly [Key in keyof Conditions]: Conditions[Key] };

const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 };
const HAS_PORTS: readonly (number | undefined)[] = [6, 17];
const HAS_TYPES: readonly (number | undefined)[] = [1, 58];

/** What could be read of them; what could not is blamed. */
export function readClauses(clauses: readonly Clause[], blame: Blame): Conditions {
  const draft: Draft = {};
  const seen = new Set<string>();
  for (const clause of clauses) {
    const kind = clause.kind === 'proto' ? 'protocol' : clause.kind;
    // A family and a protocol are said by words of one kind.
    const key = kind === 'protocol' && isFamily(clause) ? 'family' : kind;
    if (seen.has(key))
      blame(clause.at, 'XTL-R004', `this is the second ${wordOf(key)} of the rule`);
    seen.add(key);
    readClause(clause, draft, blame);
  }
  checkTogether(clauses, draft, blame);
  return draft;
}

const isFamily = (clause: Clause): boolean =>
  clause.kind === 'protocol' && clause.text.startsWith('ip');
const wordOf = (key: string): string => (key === 'states' ? 'list of states' : key);

function readClause(clause: Clause, draft: Draft, blame: Blame): void {
  switch (clause.kind) {
    case 'from':
    case 'to':
      draft[clause.kind] = readPlace(clause.place, blame);
      break;
    case 'on':
      draft.on = clause.name.text;
      break;
    case 'proto':
      setNumber(draft, 'protocol', clause.name, 255, blame);
      break;
    case 'type':
      setNumber(draft, 'icmpType', clause.name, 255, blame);
      if (clause.code) setNumber(draft, 'icmpCode', clause.code, 255, blame);
      break;
    case 'direction':
      for (const one of DIRECTIONS) if (one === clause.text) draft.direction = one;
      break;
    case 'protocol': {
      const protocol = PROTOCOL_NUMBERS[clause.text];
      if (protocol === undefined) draft.family = clause.text === 'ip4' ? 4 : 6;
      else draft.protocol = protocol;
      break;
    }
    case 'states':
      draft.states = readStates(clause.names, blame);
  }
}

function setNumber(
  draft: Draft,
  key: 'protocol' | 'icmpType' | 'icmpCode',
  name: Name,
  most: number,
  blame: Blame,
): void {
  const value = numberOf(name.text, most);
  if (value !== undefined) draft[key] = value;
  else blame(name.at, 'XTL-R003', `${shortened(name.text)} is no number from 0 to ${most}`);
}

function numberOf(text: string, most: number): number | undefined {
  const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : most + 1;
  return value <= most ? value : undefined;
}

function readStates(names: readonly Name[], blame: Blame): readonly State[] {
  return names.flatMap(({ text, at }) => {
    const state = STATES.find((one) => one === text);
    if (state === undefined) {
      blame(at, 'XTL-R003', `${shortened(text)} is no state`, `there are ${STATES.join(', ')}`);
    }
    return state ?? [];
  });
}

function readPlace({ names, ports }: PlaceNode, blame: Blame): Place {
  const isAll = names.every(({ text }) => text === 'any');
  bound(names, blame);
  const addresses = isAll ? undefined : names.flatMap((name) => readAddress(name, blame));
  if (ports === undefined) return addresses === undefined ? {} : { addresses };
  bound(ports, blame);
  const ranges = ports.flatMap((name) => readRange(name, blame));
  return { ...(addresses === undefined ? {} : { addresses }), ports: ranges };
}

function bound(names: readonly Name[], blame: Blame): void {
  const extra = names[CHOICES_MAX];
  if (extra) blame(extra.at, 'XTL-R001', `a list has ${CHOICES_MAX} entries at most`);
}

function readAddress({ text, at }: Name, blame: Blame): readonly string[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    const isName = /^[a-z][\w.-]*$/i.test(text);
    const hint = isName
      ? 'rules know addresses, no names of hosts; a vif is said by on'
      : 'as 10.0.0.1, 10.0.0.0/8, fd00::1 or fd00::/8';
    blame(at, 'XTL-R003', `${shortened(text)} is no address and no network`, hint);
    return [];
  }
  const lost = cidr.address.some((byte, i) => (byte & (0xff >> clamp(cidr.bits - 8 * i))) !== 0);
  if (lost) {
    blame(
      at,
      'XTL-R003',
      `${text} has bits behind its length`,
      'the address alone, or the network',
    );
  }
  return [text];
}

const clamp = (bits: number): number => Math.max(0, Math.min(8, bits));

function readRange({ text, at }: Name, blame: Blame): readonly (readonly [number, number])[] {
  const [first, last, ...rest] = text.split('-').map((part) => numberOf(part, 65_535));
  if (first === undefined || rest.length > 0 || (text.includes('-') && last === undefined)) {
    blame(at, 'XTL-R003', `${shortened(text)} is no port`, 'as 80 or 8000-8010');
    return [];
  }
  if (last !== undefined && last < first) {
    blame(at, 'XTL-R003', `${text} ends before it begins`);
    return [];
  }
  return [[first, last ?? first]];
}

/** What each makes sense by itself, and not together. */
function checkTogether(clauses: readonly Clause[], draft: Draft, blame: Blame): void {
  const spanOf = (kind: string): Span => clauses.find((one) => one.kind === kind)?.at as Span;
  const { protocol, icmpType, from, to, family } = draft;
  for (const [key, place] of [['from', from] as const, ['to', to] as const]) {
    if (place?.ports && !HAS_PORTS.includes(protocol)) {
      blame(spanOf(key), 'XTL-R004', 'only tcp and udp have ports', 'say which of them');
    }
    if (family === undefined || place?.addresses === undefined) continue;
    const other = place.addresses.find((text) => text.includes(':') !== (family === 6));
    if (other) blame(spanOf(key), 'XTL-R004', `${other} is no address of ip${family}`);
  }
  if (icmpType !== undefined && !HAS_TYPES.includes(protocol)) {
    blame(spanOf('type'), 'XTL-R004', 'only icmp and icmp6 have types', 'say which of them');
  }
}
