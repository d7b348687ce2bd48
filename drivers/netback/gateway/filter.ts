/**
 * Rules between ports of the switch, with connections but without translation. They are about IP:
 * ARP and neighbour discovery pass, since guards look after them; what is neither goes by the
 * default.
 */

import { isNdp } from '../../../shared/net/ndp.ts';
import { ICMP6_ECHO, PROTOCOL_ICMP6, PROTOCOL_TCP } from '../../../shared/net/numbers.ts';
import { KIND_ARP, KIND_IPV4, KIND_IPV6, NONE, type Packet } from '../../../shared/net/packet.ts';
import {
  DIRECTION_BETWEEN,
  DIRECTION_IN,
  DIRECTION_OUT,
  readFacts,
  STATE_RELATED,
} from '../rules/facts.ts';
import { isOpening } from './flow-state.ts';
import { SWITCH_ZONE } from './flow-table.ts';
import { beginFlow, noteFlow } from './flows.ts';
import { findPieces, notePieces } from './fragments.ts';
import type { Gate } from './gate.ts';
import { pieceKey } from './guest.ts';
import { findRelatedWithin, isError4 } from './related4.ts';
import { findRelated6 } from './related6.ts';
import { liveFlow, mayPass, putKey, putState } from './track.ts';
import { SOURCE, TARGET } from './translate.ts';

/** What following connections needs of a gateway, which may be none. */
export type Tracker = Pick<
  Gate,
  'flows' | 'fragments' | 'facts' | 'key' | 'quoted' | 'piece' | 'ids' | 'rules' | 'nowS'
>;

/** Sides of pieces that no gateway has. */
const BETWEEN_SIDE = 2;

/** Whether a frame may go from a port to another; `uplink` is NONE where there is none. */
export function mayGo(
  tracker: Tracker,
  uplink: number,
  from: number,
  to: number,
  packet: Packet,
  data: Uint8Array,
): boolean {
  const { rules, facts } = tracker;
  if (rules === undefined || packet.kind === KIND_ARP || isNdp(packet)) return true;
  if (packet.kind !== KIND_IPV4 && packet.kind !== KIND_IPV6) return rules.isAllowedOtherwise;
  readFacts(facts, packet, data);
  tracker.key.zone = SWITCH_ZONE;
  facts.from = from;
  facts.to = to;
  facts.direction =
    from === uplink ? DIRECTION_IN : to === uplink ? DIRECTION_OUT : DIRECTION_BETWEEN;
  if (packet.fragmentAt !== 0) {
    return (
      findPieces(tracker.fragments, pieceKey(tracker, BETWEEN_SIDE, packet), tracker.nowS) >= 0
    );
  }
  const bytes = packet.end - packet.at;
  if (isError(packet)) {
    if (!isRelated(tracker, packet, data)) return false;
    facts.state = STATE_RELATED;
    return mayPass(tracker, bytes);
  }
  return mayGoOn(tracker, packet, data, bytes);
}

function mayGoOn(tracker: Tracker, packet: Packet, data: Uint8Array, bytes: number): boolean {
  const { flows, facts, key, fragments } = tracker;
  // Who sends began it, or the other did.
  putKey(key, facts, true);
  let isFirst = true;
  let flow = liveFlow(flows, key);
  if (flow < 0) {
    putKey(key, facts, false);
    flow = liveFlow(flows, key);
    isFirst = flow < 0;
  }
  putState(flows, flow, facts, isFirst, packet.tcpFlags);
  if (!mayPass(tracker, bytes)) return false;
  // What is for many is no connection.
  const isGroup = ((data[packet.at] as number) & 1) !== 0;
  if (flow >= 0) noteFlow(flows, flow, isFirst, packet.tcpFlags);
  else if (!isGroup) {
    if (facts.protocol === PROTOCOL_TCP && !isOpening(packet.tcpFlags)) return true;
    putKey(key, facts, true);
    const { from } = facts;
    if (beginFlow(flows, key, tracker.ids[from] as number, from, 0, false) < 0) return false;
  }
  if (packet.isFragment === 0) return true;
  return notePieces(
    fragments,
    pieceKey(tracker, BETWEEN_SIDE, packet),
    facts.from,
    0,
    0,
    tracker.nowS,
  );
}

function isError(packet: Packet): boolean {
  const { protocol, icmpType } = packet;
  if (packet.kind === KIND_IPV4) return isError4(packet);
  return protocol === PROTOCOL_ICMP6 && icmpType !== NONE && icmpType < ICMP6_ECHO;
}

/** About what the one who gets it has sent, whoever began that. */
function isRelated(tracker: Tracker, packet: Packet, data: Uint8Array): boolean {
  const find = packet.kind === KIND_IPV4 ? findRelatedWithin : findRelated6;
  return find(tracker, packet, data, SOURCE) >= 0 || find(tracker, packet, data, TARGET) >= 0;
}
