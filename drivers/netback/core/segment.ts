/** A large TCP frame as segments that fit a wire, with their own headers and sums (RFC 9293). */

import { getU16, getU32, putU16, putU32 } from '../../../shared/core/big-endian.ts';
import { checksumOf, pseudoSum } from '../../../shared/net/checksum.ts';
import {
  IPV6_HEADER_BYTES,
  PROTOCOL_TCP,
  TCP_CHECKSUM,
  TCP_FIN,
  TCP_PSH,
} from '../../../shared/net/numbers.ts';
import { clearHeader, DATA_VALID, VIRTIO_HEADER_BYTES } from '../../../shared/net/offload.ts';
import { KIND_IPV4, type Packet } from '../../../shared/net/packet.ts';

/** Only the first segment tells that the sender has slowed down (RFC 3168). */
const TCP_CWR = 0x80;

/** Where things lie in the frame that is cut, in bytes of `from`. */
export interface Cut {
  from: Uint8Array;
  at: number;
  l3: number;
  l4: number;
  payload: number;
  end: number;
  isIpv4: boolean;
  /** Payload of a segment. */
  size: number;
}

export function cutOf(
  { at, l3, l4, payload, payloadEnd, kind }: Packet,
  from: Uint8Array,
  size: number,
): Cut {
  return { from, at, l3, l4, payload, end: payloadEnd, isIpv4: kind === KIND_IPV4, size };
}

export const segmentsOf = ({ payload, end, size }: Cut): number =>
  Math.ceil((end - payload) / size);

/** Bytes of the largest segment with a header of ours. */
export const segmentBytesMax = ({ at, payload, size }: Cut): number =>
  VIRTIO_HEADER_BYTES + payload - at + size;

/** Puts segment `index`, with a header of ours in front, into `into` at `to`; its bytes. */
export function writeSegment(cut: Cut, index: number, into: Uint8Array, to: number): number {
  const { from, at, payload, end, isIpv4, size } = cut;
  const begin = payload + index * size;
  const length = Math.min(size, end - begin);
  const frame = to + VIRTIO_HEADER_BYTES;
  const headers = payload - at;
  clearHeader(into, to);
  into[to] = DATA_VALID;
  into.set(from.subarray(at, payload), frame);
  into.set(from.subarray(begin, begin + length), frame + headers);
  const l3 = frame + cut.l3 - at;
  const l4 = frame + cut.l4 - at;
  const last = frame + headers + length;
  if (isIpv4) {
    putU16(into, l3 + 2, last - l3);
    putU16(into, l3 + 4, getU16(from, cut.l3 + 4) + index);
    putU16(into, l3 + 10, 0);
    putU16(into, l3 + 10, checksumOf(into, l3, l3 + ((into[l3] as number) & 0xf) * 4));
  } else putU16(into, l3 + 4, last - l3 - IPV6_HEADER_BYTES);
  putU32(into, l4 + 4, getU32(from, cut.l4 + 4) + index * size);
  let flags = into[l4 + 13] as number;
  if (begin + length < end) flags &= ~(TCP_FIN | TCP_PSH);
  if (index > 0) flags &= ~TCP_CWR;
  into[l4 + 13] = flags;
  const addresses = isIpv4 ? l3 + 12 : l3 + 8;
  const pseudo = pseudoSum(into, addresses, isIpv4 ? 4 : 16, PROTOCOL_TCP, last - l4);
  putU16(into, l4 + TCP_CHECKSUM, pseudo);
  putU16(into, l4 + TCP_CHECKSUM, checksumOf(into, l4, last));
  return last - to;
}
