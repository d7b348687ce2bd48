/** IPv4 packets that are larger than the next link takes, and may be cut (RFC 791 3.2). */

import { putU16 } from '../../../shared/core/big-endian.ts';
import { copyBytes } from '../../../shared/core/bytes.ts';
import { checksumOf } from '../../../shared/net/checksum.ts';
import {
  ETHERTYPE_IPV4,
  IPV4_HEADER_BYTES,
  IPV4_MORE_FRAGMENTS,
} from '../../../shared/net/numbers.ts';
import { completeChecksum, VIRTIO_HEADER_BYTES } from '../../../shared/net/offload.ts';
import type { Packet } from '../../../shared/net/packet.ts';
import type { Region } from '../../../shared/platform/region.ts';
import type { Gate } from './gate.ts';
import { L3_AT, newFrame, putType } from './write-frame.ts';

/** One that is still to be cut into segments, or has options, is not cut: its sender is told. */
export function mayCut(packet: Packet, bytes: Uint8Array): boolean {
  return packet.dontFragment === 0 && packet.gsoType === 0 && bytes[packet.l3] === 0x45;
}

/** Gives the packet's pieces to `send`, each in memory of ours. */
export function cut(
  gate: Gate,
  packet: Packet,
  { bytes: from }: Region,
  mtu: number,
  send: (region: Region, at: number, bytes: number) => void,
): void {
  const { l3, l3End, at: frame, fragmentAt, moreFragments, isFragment } = packet;
  completeChecksum(from, frame - VIRTIO_HEADER_BYTES, l3End);
  if (isFragment === 0) {
    // Two guests may number theirs alike.
    gate.nextId = (gate.nextId + 1) & 0xffff;
    putU16(from, l3 + 4, gate.nextId);
  }
  const begin = l3 + IPV4_HEADER_BYTES;
  const step = (mtu - IPV4_HEADER_BYTES) & ~7;
  for (let at = begin; at < l3End; at += step) {
    const size = Math.min(step, l3End - at);
    const place = newFrame(gate, IPV4_HEADER_BYTES + size);
    // Without all of its pieces it is nothing.
    if (place < 0) return;
    const { region } = gate.arena;
    const { bytes } = region;
    const own = place + L3_AT;
    copyBytes(from, l3, bytes, own, IPV4_HEADER_BYTES);
    copyBytes(from, at, bytes, own + IPV4_HEADER_BYTES, size);
    const hasMore = at + size < l3End || moreFragments !== 0;
    putType(bytes, place, ETHERTYPE_IPV4);
    putU16(bytes, own + 2, IPV4_HEADER_BYTES + size);
    const offset = (fragmentAt + at - begin) >>> 3;
    putU16(bytes, own + 6, offset | (hasMore ? IPV4_MORE_FRAGMENTS : 0));
    putU16(bytes, own + 10, 0);
    putU16(bytes, own + 10, checksumOf(bytes, own, own + IPV4_HEADER_BYTES));
    send(region, place, L3_AT + IPV4_HEADER_BYTES + size);
  }
}
