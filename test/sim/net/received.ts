/** Frames that a guest gets, put together out of its buffers and checked. */

import {
  NETRXF_csum_blank,
  NETRXF_data_validated,
  NETRXF_extra_info,
  NETRXF_more_data,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_EXTRA_TYPE_HASH,
} from '../../../shared/abi/netif.ts';
import { assert } from '../../../shared/core/assert.ts';
import { PAGE_SIZE } from '../../../shared/platform/region.ts';
import { takeResponses } from '../../../shared/ring/io-ring.ts';
import { NETIF_SLOTS, XEN_NETIF_EXTRA_TYPE_XDP } from '../../../shared/ring/netif-slots.ts';
import type { GuestQueue, NetGuest } from './guest.ts';

export interface Received {
  readonly frame: Uint8Array;
  readonly flags: number;
  readonly slots: number;
  readonly gso: { readonly type: number; readonly size: number } | undefined;
  readonly hash: { readonly type: number; readonly value: number } | undefined;
  readonly headroom: number;
}

const answers = new Int32Array(NETIF_SLOTS * 2);

interface Slots {
  readonly first: number;
  readonly count: number;
  next: number;
}

const half = (at: number, high: boolean): number => {
  const word = answers[at] as number;
  return high ? word >>> 16 : word & 0xffff;
};

interface Extras {
  gso: Received['gso'];
  hash: Received['hash'];
  headroom: number;
}

function readExtras(slots: Slots, into: Extras): void {
  for (let hasMore = true; hasMore; slots.next++) {
    assert(slots.next < slots.count, 'extras over the end of what is published');
    const at = slots.next * 2;
    const type = (answers[at] as number) & 0xff;
    const two = half(at, true);
    const four = answers[at + 1] as number;
    if (type === XEN_NETIF_EXTRA_TYPE_GSO) into.gso = { type: four & 0xff, size: two };
    else if (type === XEN_NETIF_EXTRA_TYPE_HASH) {
      into.hash = { type: two & 0xff, value: four >>> 0 };
      assert(two >>> 8 === 1, 'a hash by no algorithm');
    } else if (type === XEN_NETIF_EXTRA_TYPE_XDP) into.headroom = two;
    else assert(false, `an extra of type ${type}`);
    hasMore = ((answers[at] as number) & 0x100) !== 0;
  }
}

/** One frame; undefined: it was lost, and its buffers are to be offered again. */
function readFrame(guest: NetGuest, queue: GuestQueue, slots: Slots): Received | undefined {
  const begin = slots.next;
  const extras: Extras = { gso: undefined, hash: undefined, headroom: 0 };
  const parts: Uint8Array[] = [];
  let firstFlags = 0;
  let isLost = false;
  for (let hasMore = true; hasMore; ) {
    assert(slots.next < slots.count, 'a frame over the end of what is published');
    const at = slots.next * 2;
    const slot = (slots.first + slots.next) & (NETIF_SLOTS - 1);
    const [id, offset, flags] = [half(at, false), half(at, true), half(at + 1, false)];
    const status = (answers[at + 1] as number) >> 16;
    assert(id === slot, `buffer ${id} in the place of ${slot}`);
    assert(flags < 16, `flags ${flags}`);
    const isFirst = slots.next === begin;
    slots.next++;
    if (isFirst) firstFlags = flags;
    else assert((flags & ~NETRXF_more_data) === 0, `flags ${flags} of a later buffer`);
    const gref = queue.buffers[slot] as number;
    const page = guest.pages.get(gref);
    guest.pages.delete(gref);
    if (isFirst && (flags & NETRXF_extra_info) !== 0) readExtras(slots, extras);
    if (status < 0 || page === undefined) isLost = true;
    else {
      const from = isFirst ? extras.headroom : 0;
      assert(offset === 0 && status > from && status <= PAGE_SIZE, `${status} bytes`);
      parts.push(page.subarray(from, status));
    }
    hasMore = (flags & NETRXF_more_data) !== 0;
  }
  if (isLost) return undefined;
  const { gso, hash, headroom } = extras;
  const both = NETRXF_csum_blank | NETRXF_data_validated;
  assert(gso === undefined || (firstFlags & both) === both, 'a large frame with a checksum');
  const frame = Uint8Array.from(parts.flatMap((part) => [...part]));
  return { frame, flags: firstFlags, slots: slots.next - begin, gso, hash, headroom };
}

/** All frames that are there; whole ones, or it is an error. Lost ones are undefined. */
export function takeReceived(guest: NetGuest, queue: GuestQueue): (Received | undefined)[] {
  const { front } = queue.receive;
  const first = front.rspCons;
  const count = takeResponses(front, answers, NETIF_SLOTS);
  assert(count >= 0, 'the backend’s indices are impossible');
  const slots: Slots = { first, count, next: 0 };
  const frames: (Received | undefined)[] = [];
  while (slots.next < count) frames.push(readFrame(guest, queue, slots));
  return frames;
}
