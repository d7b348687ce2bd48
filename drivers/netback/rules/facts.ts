/** What rules and connections know of a packet: numbers, in one struct that is made once. */

import { getU32 } from '../../../shared/core/big-endian.ts';
import { KIND_IPV4, KIND_IPV6, NONE, type Packet } from '../../../shared/net/packet.ts';

/** Bits of sets of directions and states, in the order of rule.ts. */
export const DIRECTION_IN = 1;
export const DIRECTION_OUT = 2;
export const DIRECTION_BETWEEN = 4;

export const STATE_NEW = 1;
export const STATE_ESTABLISHED = 2;
export const STATE_RELATED = 4;
export const STATE_INVALID = 8;

export interface Facts {
  /** 4 or 6; 0 for what is no IP. */
  family: number;
  protocol: number;
  /** An IPv4 address is the first of four words. */
  readonly source: Int32Array;
  readonly target: Int32Array;
  /** NONE where there are none. */
  sourcePort: number;
  targetPort: number;
  icmpType: number;
  icmpCode: number;
  /** One bit each. */
  direction: number;
  state: number;
  /** Numbers of the ports that it comes from and goes to. */
  from: number;
  to: number;
}

export function createFacts(): Facts {
  return {
    family: 0,
    protocol: NONE,
    source: new Int32Array(4),
    target: new Int32Array(4),
    sourcePort: NONE,
    targetPort: NONE,
    icmpType: NONE,
    icmpCode: NONE,
    direction: DIRECTION_OUT,
    state: STATE_NEW,
    from: NONE,
    to: NONE,
  };
}

function readWords(words: Int32Array, bytes: Uint8Array, at: number, count: number): void {
  for (let i = 0; i < 4; i++) words[i] = i < count ? getU32(bytes, at + 4 * i) : 0;
}

/** What the packet itself says; direction, state and ports are the caller's. */
export function readFacts(facts: Facts, packet: Packet, bytes: Uint8Array): void {
  const { kind, l3 } = packet;
  facts.family = kind === KIND_IPV4 ? 4 : kind === KIND_IPV6 ? 6 : 0;
  facts.protocol = packet.protocol;
  if (kind === KIND_IPV4) {
    readWords(facts.source, bytes, l3 + 12, 1);
    readWords(facts.target, bytes, l3 + 16, 1);
  } else if (kind === KIND_IPV6) {
    readWords(facts.source, bytes, l3 + 8, 4);
    readWords(facts.target, bytes, l3 + 24, 4);
  }
  facts.sourcePort = packet.sourcePort;
  facts.targetPort = packet.targetPort;
  facts.icmpType = packet.icmpType;
  facts.icmpCode = packet.icmpCode;
}
