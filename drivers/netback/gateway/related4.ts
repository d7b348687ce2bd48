/**
 * ICMP errors about translated connections: what they quote is translated back, so that each side
 * sees its own packet, and path MTU discovery works through us.
 */

import { getU32 } from '../../../shared/core/big-endian.ts';
import { checksumOf } from '../../../shared/net/checksum.ts';
import { ICMP_HEADER_BYTES, PROTOCOL_ICMP } from '../../../shared/net/numbers.ts';
import { KIND_IPV4, type Packet } from '../../../shared/net/packet.ts';
import { parseQuoted } from '../../../shared/net/parse-ip.ts';
import {
  findWithin,
  findWithout,
  innerOf,
  innerPortOf,
  isTranslated,
  outerPortOf,
} from './flow-table.ts';
import { isLive } from './flows.ts';
import type { Gate } from './gate.ts';
import { putAddress, putPort, SOURCE, TARGET } from './translate.ts';
import { sealIcmp4 } from './write-frame.ts';

/** The quoted packet into `gate.quoted`; false: the error is damaged, or quotes no first piece. */
function readQuoted(gate: Pick<Gate, 'quoted'>, packet: Packet, bytes: Uint8Array): boolean {
  const { l4, l3End } = packet;
  if (packet.isFragment !== 0 || checksumOf(bytes, l4, l3End) !== 0) return false;
  const { quoted } = gate;
  const fault = parseQuoted(quoted, bytes, l4 + ICMP_HEADER_BYTES, l3End, KIND_IPV4);
  return fault === 0 && quoted.fragmentAt === 0 && quoted.sourcePort >= 0;
}

/** Of an echo both ports are its identifier: the other end has none. */
const remotePortOf = ({ protocol }: Packet, port: number): number =>
  protocol === PROTOCOL_ICMP ? 0 : port;

/** The connection that an error from without is about, which was sent by us; -1: none. */
export function findRelatedIn(gate: Gate, packet: Packet, bytes: Uint8Array): number {
  if (!readQuoted(gate, packet, bytes)) return -1;
  const { quoted, flows, config } = gate;
  if (getU32(bytes, quoted.l3 + 12) !== config.outside.ip4) return -1;
  const remotePort = remotePortOf(quoted, quoted.targetPort);
  const remote = getU32(bytes, quoted.l3 + 16);
  const entry = findWithout(flows, quoted.protocol, remote, remotePort, quoted.sourcePort);
  return isLive(flows, entry) ? entry : -1;
}

/** The error, from the guest's view. */
export function translateErrorIn(
  gate: Gate,
  packet: Packet,
  bytes: Uint8Array,
  flow: number,
): void {
  const { quoted, flows } = gate;
  putAddress(quoted, bytes, SOURCE, innerOf(flows, flow));
  putPort(quoted, bytes, SOURCE, innerPortOf(flows, flow));
  sealIcmp4(bytes, packet.l4, packet.l3End);
  putAddress(packet, bytes, TARGET, innerOf(flows, flow));
}

/** The connection of the quoted packet, whose inner end is its SOURCE or TARGET; -1: none. */
export function findRelatedWithin(
  gate: Pick<Gate, 'quoted' | 'flows' | 'key'>,
  packet: Packet,
  bytes: Uint8Array,
  inner: number,
): number {
  if (!readQuoted(gate, packet, bytes)) return -1;
  const { quoted, flows, key } = gate;
  const isSource = inner === SOURCE;
  key.family = 4;
  key.protocol = quoted.protocol;
  key.inner.fill(0);
  key.remote.fill(0);
  key.inner[0] = getU32(bytes, quoted.l3 + 12 + 4 * inner);
  key.remote[0] = getU32(bytes, quoted.l3 + 16 - 4 * inner);
  key.innerPort = isSource ? quoted.sourcePort : quoted.targetPort;
  key.remotePort = remotePortOf(quoted, isSource ? quoted.targetPort : quoted.sourcePort);
  const entry = findWithin(flows, key);
  return isLive(flows, entry) ? entry : -1;
}

/** The error, from the other end's view. */
export function translateErrorOut(
  gate: Gate,
  packet: Packet,
  bytes: Uint8Array,
  flow: number,
): void {
  const { quoted, flows, config } = gate;
  if (!isTranslated(flows, flow)) return;
  putAddress(quoted, bytes, TARGET, config.outside.ip4);
  putPort(quoted, bytes, TARGET, outerPortOf(flows, flow));
  sealIcmp4(bytes, packet.l4, packet.l3End);
  putAddress(packet, bytes, SOURCE, config.outside.ip4);
}

/** Whether an ICMP message is an error about another packet. */
export function isError4({ protocol, icmpType }: Packet): boolean {
  return protocol === PROTOCOL_ICMP && (icmpType === 3 || icmpType === 11 || icmpType === 12);
}
