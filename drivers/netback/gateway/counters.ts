/** What a gateway counts: by number, and in words. */

export const GATE_NAMES = [
  'sent on to the outside',
  'sent on to the inside',
  'answered',
  'not for us',
  'bad IP header',
  'impossible addresses',
  'denied by a rule',
  'out of no connection',
  'too many connections',
  'a fragment without its first',
  'a protocol that cannot be translated',
  'too large',
  'at the end of its life',
  'nobody answers there',
  'no room',
  'waits for a VM',
] as const;

export const GATE_OUT = 0;
export const GATE_IN = 1;
export const GATE_ANSWERED = 2;
export const GATE_NOT_OURS = 3;
export const GATE_BAD_HEADER = 4;
export const GATE_MARTIAN = 5;
export const GATE_RULE = 6;
export const GATE_NO_FLOW = 7;
export const GATE_FLOWS = 8;
export const GATE_FRAGMENT = 9;
export const GATE_PROTOCOL = 10;
export const GATE_TOO_LARGE = 11;
export const GATE_TTL = 12;
export const GATE_NEIGHBOUR = 13;
export const GATE_NO_ROOM = 14;
export const GATE_WAITS = 15;
