/** ICMP errors of IPv6: about which connection one is. Nothing is translated. */

import { getU32 } from '../../../shared/core/big-endian.ts';
import { ICMP_HEADER_BYTES, PROTOCOL_ICMP6 } from '../../../shared/net/numbers.ts';
import { KIND_IPV6, type Packet } from '../../../shared/net/packet.ts';
import { parseQuoted } from '../../../shared/net/parse-ip.ts';
import type { Gate } from './gate.ts';
import { liveFlow } from './track.ts';
import { SOURCE } from './translate.ts';

/** The connection of the quoted packet, whose inner end is its SOURCE or TARGET; -1: none. */
export function findRelated6(
  { quoted, key, flows }: Pick<Gate, 'quoted' | 'key' | 'flows'>,
  packet: Packet,
  data: Uint8Array,
  inner: number,
): number {
  const { l4, l3End } = packet;
  if (packet.isFragment !== 0) return -1;
  if (parseQuoted(quoted, data, l4 + ICMP_HEADER_BYTES, l3End, KIND_IPV6) !== 0) return -1;
  if (quoted.fragmentAt !== 0) return -1;
  const isSource = inner === SOURCE;
  const innerAt = quoted.l3 + (isSource ? 8 : 24);
  const remoteAt = quoted.l3 + (isSource ? 24 : 8);
  for (let i = 0; i < 4; i++) {
    key.inner[i] = getU32(data, innerAt + 4 * i);
    key.remote[i] = getU32(data, remoteAt + 4 * i);
  }
  key.family = 6;
  key.protocol = quoted.protocol;
  key.innerPort = Math.max(0, isSource ? quoted.sourcePort : quoted.targetPort);
  const remotePort = Math.max(0, isSource ? quoted.targetPort : quoted.sourcePort);
  key.remotePort = quoted.protocol === PROTOCOL_ICMP6 ? 0 : remotePort;
  return liveFlow(flows, key);
}
