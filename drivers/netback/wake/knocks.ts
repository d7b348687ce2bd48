/** Frames on the switch that are for a VM that does not run. */

import { getU32 } from '../../../shared/core/big-endian.ts';
import { isNdp, isSoundNdp, NDP_TARGET } from '../../../shared/net/ndp.ts';
import {
  ARP_REQUEST,
  ARP_SENDER_IP,
  ARP_TARGET_IP,
  NDP_NEIGHBOUR_SOLICIT,
} from '../../../shared/net/numbers.ts';
import { KIND_ARP, KIND_IPV4, KIND_IPV6, NONE, type Packet } from '../../../shared/net/packet.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { Tracker } from '../gateway/filter.ts';
import { mayPass } from '../gateway/track.ts';
import { DIRECTION_BETWEEN, DIRECTION_IN, readFacts, STATE_NEW } from '../rules/facts.ts';
import type { SleepingVms } from './sleepers.ts';

/** Puts into the facts who is looked for, and by whom. 0: nobody; else the family. */
function readTarget({ facts }: Tracker, packet: Packet, data: Uint8Array): number {
  const { kind, l3, l4 } = packet;
  if (kind === KIND_ARP) {
    if (packet.arpOperation !== ARP_REQUEST) return 0;
    facts.source.fill(0);
    facts.target.fill(0);
    facts.source[0] = getU32(data, l3 + ARP_SENDER_IP);
    facts.target[0] = getU32(data, l3 + ARP_TARGET_IP);
    return 4;
  }
  if (kind !== KIND_IPV4 && kind !== KIND_IPV6) return 0;
  readFacts(facts, packet, data);
  if (!isNdp(packet)) return facts.family;
  if (packet.icmpType !== NDP_NEIGHBOUR_SOLICIT || !isSoundNdp(packet, data)) return 0;
  for (let i = 0; i < 4; i++) facts.target[i] = getU32(data, l4 + NDP_TARGET + 4 * i);
  return 6;
}

/**
 * Whether the frame waits for its VM, or is dropped since rules say so. Rules are about IP: who
 * asks for a station asks for its VM.
 */
export function waitsFor(
  sleepers: SleepingVms,
  tracker: Tracker,
  uplink: number,
  from: number,
  packet: Packet,
  region: Region,
  at: number,
  bytes: number,
): boolean {
  const { facts } = tracker;
  const family = readTarget(tracker, packet, region.bytes);
  if (family === 0 || !sleepers.isAsleep(family, facts.target)) return false;
  if (packet.kind !== KIND_ARP && !isNdp(packet)) {
    facts.from = from;
    facts.to = NONE;
    facts.direction = from === uplink ? DIRECTION_IN : DIRECTION_BETWEEN;
    facts.state = STATE_NEW;
    if (!mayPass(tracker, packet.end - packet.at)) return true;
  }
  return sleepers.holds(family, facts.target, facts.source, region, at, bytes, false);
}
