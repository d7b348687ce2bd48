/**
 * Rules as plain data: what a text says, what an image has compiled in, what `compile` takes. The
 * first rule that a packet matches decides, else the default. A clause that is absent matches all.
 */

export const ACTIONS = ['allow', 'deny'] as const;
export type Action = (typeof ACTIONS)[number];

/** Of a packet: to a guest, from one, or from one to another. */
export const DIRECTIONS = ['in', 'out', 'between'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/**
 * Of the connection that a packet belongs to: it begins one; answers or goes on with one; is an
 * error about one; is none of these.
 */
export const STATES = ['new', 'established', 'related', 'invalid'] as const;
export type State = (typeof STATES)[number];

export interface Place {
  /** Addresses and networks, of both families mixed; absent: all. */
  readonly addresses?: readonly string[];
  /** First and last; absent: all. */
  readonly ports?: readonly (readonly [number, number])[];
}

export interface Rule {
  readonly action: Action;
  readonly direction?: Direction;
  readonly states?: readonly State[];
  /** 4 or 6. */
  readonly family?: number;
  /** IANA's number. */
  readonly protocol?: number;
  /** The vif that it comes from or goes to, by name. */
  readonly on?: string;
  readonly from?: Place;
  readonly to?: Place;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** Where it stands in its text, from 1; 0: in none. */
  readonly line: number;
}

export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly otherwise: Action;
}

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6' };

const portsText = (ports: readonly (readonly [number, number])[]): string =>
  ports.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');

function placeText(word: string, place: Place | undefined): readonly string[] {
  if (place === undefined) return [];
  const { addresses, ports } = place;
  const all = addresses === undefined ? 'any' : addresses.join(',');
  return [word, all, ...(ports === undefined ? [] : ['port', portsText(ports)])];
}

/** A rule as it would be written. */
export function ruleText(rule: Rule): string {
  const { protocol, icmpType, icmpCode } = rule;
  return [
    rule.action,
    ...(rule.direction === undefined ? [] : [rule.direction]),
    ...(rule.states === undefined ? [] : [rule.states.join(',')]),
    ...(rule.family === undefined ? [] : [`ip${rule.family}`]),
    ...(protocol === undefined ? [] : [PROTOCOLS[protocol] ?? `proto ${protocol}`]),
    ...(rule.on === undefined ? [] : ['on', rule.on]),
    ...placeText('from', rule.from),
    ...placeText('to', rule.to),
    ...(icmpType === undefined ? [] : ['type', `${icmpType}`]),
    ...(icmpCode === undefined ? [] : ['code', `${icmpCode}`]),
  ].join(' ');
}
