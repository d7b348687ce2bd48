/** Which multicast addresses a guest wants: sixty-four places, used or not. */

import { MULTICAST_MAX } from './limits.ts';

export interface Multicast {
  /** It wants no others: else the filter is kept, and not asked. */
  isOn: boolean;
  /** Two words each: four bytes of the address, and the first two with USED above them. */
  readonly words: Int32Array;
}

/** Of a place that is used; else the whole word is zero. */
const USED = 0x5a3c_0000;

export const isUsed = (second: number): boolean => (second & 0xffff_0000) === USED;

export function createMulticast(): Multicast {
  return { isOn: false, words: new Int32Array(2 * MULTICAST_MAX) };
}

/** The place of an address by its words as extras have them, or -1. */
function placeOf({ words }: Multicast, head: number, rest: number): number {
  for (let place = 0; place < MULTICAST_MAX; place++) {
    if (words[2 * place] === rest && words[2 * place + 1] === (USED | head)) return place;
  }
  return -1;
}

/** The place that has it from now on, as before if it was there; -1: all are used. */
export function addAddress(multicast: Multicast, head: number, rest: number): number {
  const { words } = multicast;
  const known = placeOf(multicast, head, rest);
  if (known >= 0) return known;
  for (let place = 0; place < MULTICAST_MAX; place++) {
    if (isUsed(words[2 * place + 1] as number)) continue;
    words[2 * place] = rest;
    words[2 * place + 1] = USED | head;
    return place;
  }
  return -1;
}

/** The place that had it, or -1. */
export function removeAddress(multicast: Multicast, head: number, rest: number): number {
  const place = placeOf(multicast, head, rest);
  if (place >= 0) multicast.words[2 * place + 1] = 0;
  return place;
}

const isBroadcast = (bytes: Uint8Array, at: number): boolean => {
  for (let i = 0; i < 6; i++) if (bytes[at + i] !== 0xff) return false;
  return true;
};

/** Whether the frame at `at` is for many, and none that the guest has asked for. */
export function isUnwanted(multicast: Multicast, bytes: Uint8Array, at: number): boolean {
  if (!multicast.isOn || ((bytes[at] as number) & 1) === 0 || isBroadcast(bytes, at)) return false;
  const head = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  let rest = 0;
  for (let i = 5; i >= 2; i--) rest = (rest << 8) | (bytes[at + i] as number);
  return placeOf(multicast, head, rest) < 0;
}
