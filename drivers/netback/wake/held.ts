/** Frames that wait for a VM, in slots of one memory, in the order in which they came. */

import type { Region } from '../../../shared/platform/region.ts';
import { HELD_BYTES, HELD_MAX, HELD_PER_VM } from './limits.ts';

export interface Held {
  readonly region: Region;
  /** By slot: 0: it is free. */
  readonly lengths: Uint16Array;
  readonly vms: Int16Array;
  readonly routed: Uint8Array;
  readonly orders: Float64Array;
  /** By VM. */
  readonly counts: Uint8Array;
  nextOrder: number;
}

export function createHeld(vms: number): Held {
  const buffer = new ArrayBuffer(HELD_MAX * HELD_BYTES);
  return {
    region: { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) },
    lengths: new Uint16Array(HELD_MAX),
    vms: new Int16Array(HELD_MAX).fill(-1),
    routed: new Uint8Array(HELD_MAX),
    orders: new Float64Array(HELD_MAX),
    counts: new Uint8Array(vms),
    nextOrder: 0,
  };
}

/** False: there is no room for it. */
export function hold(
  held: Held,
  vm: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  isRouted: boolean,
): boolean {
  if ((held.counts[vm] as number) >= HELD_PER_VM || length > HELD_BYTES) return false;
  const slot = held.lengths.indexOf(0);
  if (slot < 0) return false;
  for (let i = 0; i < length; i++) {
    held.region.bytes[slot * HELD_BYTES + i] = bytes[at + i] as number;
  }
  held.lengths[slot] = length;
  held.vms[slot] = vm;
  held.routed[slot] = isRouted ? 1 : 0;
  held.orders[slot] = held.nextOrder++;
  held.counts[vm] = (held.counts[vm] as number) + 1;
  return true;
}

/** The slot that has waited longest for the VM; -1: none. */
function oldest({ lengths, vms, orders }: Held, vm: number): number {
  let found = -1;
  for (let slot = 0; slot < HELD_MAX; slot++) {
    if (lengths[slot] === 0 || vms[slot] !== vm) continue;
    if (found < 0 || (orders[slot] as number) < (orders[found] as number)) found = slot;
  }
  return found;
}

function free(held: Held, slot: number): void {
  const vm = held.vms[slot] as number;
  held.counts[vm] = (held.counts[vm] as number) - 1;
  held.lengths[slot] = 0;
  held.vms[slot] = -1;
}

/** Gives all that waits for the VM, in order. What is given must be copied at once. */
export function giveHeld(
  held: Held,
  vm: number,
  give: (region: Region, at: number, bytes: number, isRouted: boolean) => void,
): void {
  for (let slot = oldest(held, vm); slot >= 0; slot = oldest(held, vm)) {
    const length = held.lengths[slot] as number;
    free(held, slot);
    give(held.region, slot * HELD_BYTES, length, held.routed[slot] === 1);
  }
}

/** How many frames were dropped. */
export function dropHeld(held: Held, vm: number): number {
  let dropped = 0;
  for (let slot = oldest(held, vm); slot >= 0; slot = oldest(held, vm)) {
    free(held, slot);
    dropped++;
  }
  return dropped;
}
