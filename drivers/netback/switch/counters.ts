/** What a port counts, and why frames are dropped: by number, and in words. */

export const DROP_NONE = 0;
export const DROP_MALFORMED = 1;
export const DROP_SOURCE_MAC = 2;
export const DROP_SOURCE_IP = 3;
export const DROP_ARP = 4;
export const DROP_NDP = 5;
export const DROP_SERVER = 6;
export const DROP_VLAN = 7;
export const DROP_RESERVED = 8;
export const DROP_FLOOD = 9;
export const DROP_SAME_PORT = 10;
export const DROP_ISOLATED = 11;
export const DROP_RULE = 12;
export const DROP_NO_ROOM = 13;
export const DROP_STATIC_MAC = 14;
export const DROP_WAITS = 15;

/** By number. */
export const DROP_NAMES = [
  'none',
  'malformed',
  'another station as source',
  'another IP address as source',
  'ARP about another',
  'neighbour discovery about another',
  'an answer of a server that it is not',
  'a VLAN that it is not in',
  'for bridges alone',
  'more to all than it may',
  'for the port that it came from',
  'for a port that it is kept apart from',
  'denied by a rule',
  'no room behind',
  'a station that is bound to another port',
  'waits for a VM',
] as const;

const DROPS = DROP_NAMES.length;

/** Places of a port's counters: drops by number, then these. */
export const COUNT_IN = DROPS;
export const COUNT_OUT = DROPS + 1;
export const COUNT_FLOODED = DROPS + 2;
export const COUNTERS = DROPS + 3;

/** A counter's name, for who shows them. */
export function counterName(place: number): string {
  if (place === DROP_NONE) return 'unused';
  return DROP_NAMES[place] ?? ['in', 'out', 'to all'][place - DROPS] ?? 'unused';
}
