/** Frames with a VLAN's tag and without: second forms in memory of our own. */

import { putU16 } from '../../../shared/core/big-endian.ts';
import { copyBytes } from '../../../shared/core/bytes.ts';
import { ETHERTYPE_VLAN } from '../../../shared/net/numbers.ts';
import { shiftHeader, VIRTIO_HEADER_BYTES } from '../../../shared/net/offload.ts';
import type { Region } from '../../../shared/platform/region.ts';
import { type Arena, takeRoom } from './arena.ts';

const TAG_BYTES = 4;
/** The header of offloads and both addresses. */
const FRONT_BYTES = VIRTIO_HEADER_BYTES + 12;

/** The place in the arena of the frame with a tag, TAG_BYTES longer; -1: there is no room. */
export function tagged(
  arena: Arena,
  { bytes: from }: Region,
  at: number,
  bytes: number,
  vlan: number,
): number {
  const place = takeRoom(arena, bytes + TAG_BYTES);
  if (place < 0) return -1;
  const to = arena.region.bytes;
  copyBytes(from, at, to, place, FRONT_BYTES);
  putU16(to, place + FRONT_BYTES, ETHERTYPE_VLAN);
  putU16(to, place + FRONT_BYTES + 2, vlan);
  const rest = place + FRONT_BYTES + TAG_BYTES;
  copyBytes(from, at + FRONT_BYTES, to, rest, bytes - FRONT_BYTES);
  shiftHeader(to, place, TAG_BYTES);
  return place;
}

/** The same without the outer tag, TAG_BYTES shorter. */
export function untagged(arena: Arena, { bytes: from }: Region, at: number, bytes: number): number {
  const place = takeRoom(arena, bytes - TAG_BYTES);
  if (place < 0) return -1;
  const to = arena.region.bytes;
  const rest = at + FRONT_BYTES + TAG_BYTES;
  copyBytes(from, at, to, place, FRONT_BYTES);
  copyBytes(from, rest, to, place + FRONT_BYTES, bytes - FRONT_BYTES - TAG_BYTES);
  shiftHeader(to, place, -TAG_BYTES);
  return place;
}

export { TAG_BYTES };
