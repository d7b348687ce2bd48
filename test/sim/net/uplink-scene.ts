/** The front end's core with its rings and pages in memory, whoever serves them. */

import type { Abilities } from '../../../drivers/netfront/core/rings.ts';
import { createUplink, type Uplink } from '../../../drivers/netfront/core/uplink.ts';
import { gref } from '../../../shared/core/ids.ts';
import type { Offer } from '../../../shared/platform/grants.ts';
import { NET_HEADER_BYTES } from '../../../shared/platform/net-io.ts';
import { PAGE_SIZE, type Region } from '../../../shared/platform/region.ts';
import { regionOf } from './guest.ts';
import type { Pages } from './pages.ts';

/** Linux's back end, and ours. */
export const TAKES_ALL: Abilities = {
  ...{ sg: true, gso4: true, gso6: true, checksum4: true, checksum6: true },
};

export const SLOT_BYTES = 18 * PAGE_SIZE;
const SLOTS = 8;

export interface UplinkScene {
  readonly uplink: Uplink;
  readonly lies: string[];
  readonly memory: Region;
  /** Notified: `send` or `receive`. */
  readonly events: string[];
}

export function createScene(): UplinkScene {
  const lies: string[] = [];
  const shape = { mac: Uint8Array.of(2, 0, 0, 0, 0, 1), mtu: 1500 };
  const uplink = createUplink(shape, (what) => void lies.push(what));
  return { uplink, lies, memory: regionOf((SLOTS + 1) * 18), events: [] };
}

let nextGref = 1000;

export function offerPages(pages: Pages, count: number): Offer {
  const region = regionOf(count);
  const grefs = Array.from({ length: count }, (_, i) => {
    pages.set(nextGref, region.bytes.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE));
    return gref(nextGref++);
  });
  return { region, grefs };
}

/** Has its rings served; the pages that go with them. */
export function begin(
  { uplink, events }: UplinkScene,
  rings: { readonly send: Region; readonly receive: Region },
  pages: Pages,
  can: Abilities = TAKES_ALL,
): { readonly sendPool: Offer; readonly receivePool: Offer } {
  const pools = { sendPool: offerPages(pages, 256), receivePool: offerPages(pages, 256) };
  uplink.begin({
    ...{ ...rings, ...pools, can },
    notifySend: () => void events.push('send'),
    notifyReceive: () => void events.push('receive'),
  });
  return pools;
}

/** A header and a frame go out; whether they were taken. */
export function send({ uplink: { link }, memory }: UplinkScene, bytes: Uint8Array): boolean {
  const at = SLOTS * SLOT_BYTES;
  memory.bytes.set(bytes, at);
  return link.tx(0, memory, at, bytes.length);
}

const lengths = new Uint32Array(SLOTS);

/** All that is there, headers in front, so many at a time. */
export function receive(
  { uplink: { link }, memory }: UplinkScene,
  max = SLOTS,
  slotBytes = SLOT_BYTES,
): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (;;) {
    const count = link.rx(0, memory, 0, slotBytes, lengths, max);
    for (let i = 0; i < count; i++) {
      all.push(memory.bytes.slice(i * slotBytes, i * slotBytes + (lengths[i] as number)));
    }
    if (count === 0) return all;
  }
}

/** Behind its header. */
export const frameOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(NET_HEADER_BYTES);
