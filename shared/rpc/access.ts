/** Who may call what: a list, as a service's manifest has it. */

import type { PeerIdentity } from '../platform/byte-pipe.ts';
import { NAME_MAX } from './limits.ts';
import { array, type Infer, integer, optional, string, variants } from './types.ts';

/** Rules of one list. */
const RULES_MAX = 64;
const OPS_MAX = 256;

const ops = optional(array(string(NAME_MAX), OPS_MAX));

/** One who may, and which ops if not all. */
export const accessRules = array(
  variants({
    domain: { domid: integer(0, 0x7fef), ops },
    user: { uid: integer(0, 0xffffffff), ops },
  }),
  RULES_MAX,
);

export type AccessRules = Infer<typeof accessRules>;

function isMeant(rule: AccessRules[number], peer: PeerIdentity): boolean {
  return rule.kind === 'domain'
    ? peer.kind === 'domain' && peer.domid === rule.domid
    : peer.kind === 'user' && peer.uid === rule.uid;
}

/** Whether the list names the peer at all. Nobody else gets so far as to say what it wants. */
export function mayConnect(rules: AccessRules, peer: PeerIdentity): boolean {
  return rules.some((rule) => isMeant(rule, peer));
}

export function mayCall(rules: AccessRules, peer: PeerIdentity, op: string): boolean {
  return rules.some((rule) => isMeant(rule, peer) && (rule.ops?.includes(op) ?? true));
}

/** `domain 3`, `user 1000`. */
export function peerName(peer: PeerIdentity): string {
  return peer.kind === 'domain' ? `domain ${peer.domid}` : `user ${peer.uid}`;
}
