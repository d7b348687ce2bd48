/**
 * The `virtio_net_hdr` in front of each frame, little endian (linux/virtio_net.h @ v6.12): flags
 * u8, gso_type u8, hdr_len u16, gso_size u16, csum_start u16, csum_offset u16. Where a checksum is
 * to be completed its field holds the folded sum of the pseudo header, not inverted.
 */

import { checksumOf } from './checksum.ts';

export const VIRTIO_HEADER_BYTES = 10;

/** Flags. */
export const NEEDS_CSUM = 1;
export const DATA_VALID = 2;

export const GSO_NONE = 0;
export const GSO_TCP4 = 1;
export const GSO_TCP6 = 4;
/** Besides the type: congestion is signalled in the segments. */
export const GSO_ECN = 0x80;

const FLAGS = 0;
const GSO_TYPE = 1;
const HEADER_LENGTH = 2;
const GSO_SIZE = 4;
const CSUM_START = 6;
const CSUM_OFFSET = 8;

const get = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8);

function put(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

/** All of these take the place of the header, not of the frame. */
export const flagsOf = (bytes: Uint8Array, header: number): number =>
  bytes[header + FLAGS] as number;
export const gsoTypeOf = (bytes: Uint8Array, header: number): number =>
  bytes[header + GSO_TYPE] as number;
export const gsoSizeOf = (bytes: Uint8Array, header: number): number =>
  get(bytes, header + GSO_SIZE);
export const csumStartOf = (bytes: Uint8Array, header: number): number =>
  get(bytes, header + CSUM_START);
export const csumOffsetOf = (bytes: Uint8Array, header: number): number =>
  get(bytes, header + CSUM_OFFSET);

/** A frame without offloads. */
export function clearHeader(bytes: Uint8Array, header: number): void {
  bytes.fill(0, header, header + VIRTIO_HEADER_BYTES);
}

/** The checksum of what begins `start` behind the frame's first byte is left to the receiver. */
export function askChecksum(
  bytes: Uint8Array,
  header: number,
  start: number,
  offset: number,
): void {
  bytes[header + FLAGS] = NEEDS_CSUM;
  put(bytes, header + CSUM_START, start);
  put(bytes, header + CSUM_OFFSET, offset);
}

/** The frame is to be cut into segments of `size` bytes behind its headers of `headers` bytes. */
export function askSegments(
  bytes: Uint8Array,
  header: number,
  type: number,
  headers: number,
  size: number,
): void {
  bytes[header + GSO_TYPE] = type;
  put(bytes, header + HEADER_LENGTH, headers);
  put(bytes, header + GSO_SIZE, size);
}

/** So many bytes were put in front of what the header counts, or taken away (below zero). */
export function shiftHeader(bytes: Uint8Array, header: number, by: number): void {
  if ((flagsOf(bytes, header) & NEEDS_CSUM) !== 0) {
    put(bytes, header + CSUM_START, csumStartOf(bytes, header) + by);
  }
  const length = get(bytes, header + HEADER_LENGTH);
  if (length !== 0) put(bytes, header + HEADER_LENGTH, length + by);
}

/**
 * Completes the checksum that the header asks for, if it does, over all that follows: for a frame
 * that goes where nobody else does. False: it would lie outside the frame, and nothing is done. The
 * frame is no GSO frame, whose segments have checksums of their own. `end`: of the frame.
 */
export function completeChecksum(bytes: Uint8Array, header: number, end: number): boolean {
  if ((flagsOf(bytes, header) & NEEDS_CSUM) === 0) return true;
  const start = header + VIRTIO_HEADER_BYTES + csumStartOf(bytes, header);
  const at = start + csumOffsetOf(bytes, header);
  if (at + 2 > end) return false;
  // Zero says that there is none, in UDP, and is as good as all ones elsewhere.
  const sum = checksumOf(bytes, start, end) || 0xffff;
  bytes[at] = sum >>> 8;
  bytes[at + 1] = sum;
  bytes[header + FLAGS] = DATA_VALID;
  put(bytes, header + CSUM_START, 0);
  put(bytes, header + CSUM_OFFSET, 0);
  return true;
}
