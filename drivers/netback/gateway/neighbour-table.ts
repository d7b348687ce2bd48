/**
 * Who has an address on one of the two links: answers to ARP and neighbour discovery, asked for and
 * forgotten. In this process's own memory: a backend that begins anew asks again.
 */

import {
  createIndex,
  type EntryIndex,
  firstOf,
  insert,
  mixed,
  remove,
} from '../state/index-of-entries.ts';
import { NEIGHBOURS_MAX, WAITING_BYTES, WAITING_MAX } from './limits.ts';

export const FREE = 0;
/** Asked, and nobody has answered. */
export const ASKED = 1;
export const KNOWN = 2;

export interface Neighbours {
  readonly index: EntryIndex;
  readonly states: Uint8Array;
  /** Side and family. */
  readonly kinds: Uint8Array;
  /** Four words each. */
  readonly addresses: Int32Array;
  /** Six bytes each. */
  readonly macs: Uint8Array;
  /** Until when it is good, or when it is to be asked again. */
  readonly untilS: Float64Array;
  readonly tries: Uint8Array;
  /** The switch's port that the answer came from. */
  readonly ports: Int16Array;
  /** The frame that waits, by its slot; -1: none. */
  readonly waits: Int16Array;
  /** Frames that wait: their bytes, in slots; 0: the slot is free. */
  readonly lengths: Uint16Array;
  readonly frames: Uint8Array;
  /** How many are asked and have not answered. */
  asked: number;
  /** Whose place the next one takes. */
  hand: number;
}

export function createNeighbours(seed: number): Neighbours {
  return {
    index: createIndex(NEIGHBOURS_MAX, seed),
    states: new Uint8Array(NEIGHBOURS_MAX),
    kinds: new Uint8Array(NEIGHBOURS_MAX),
    addresses: new Int32Array(4 * NEIGHBOURS_MAX),
    macs: new Uint8Array(6 * NEIGHBOURS_MAX),
    untilS: new Float64Array(NEIGHBOURS_MAX),
    tries: new Uint8Array(NEIGHBOURS_MAX),
    ports: new Int16Array(NEIGHBOURS_MAX).fill(-1),
    waits: new Int16Array(NEIGHBOURS_MAX).fill(-1),
    lengths: new Uint16Array(WAITING_MAX),
    frames: new Uint8Array(WAITING_MAX * WAITING_BYTES),
    asked: 0,
    hand: 0,
  };
}

export const kindOf = (side: number, family: number): number => (family << 1) | side;

function hashOf({ index }: Neighbours, kind: number, words: Int32Array, at: number): number {
  let hash = mixed(index.seed, kind);
  for (let i = 0; i < 4; i++) hash = mixed(hash, words[at + i] as number);
  return hash;
}

/** Of four words; -1: it is not known, nor asked for. */
export function findNeighbour(all: Neighbours, kind: number, words: Int32Array): number {
  const { index, kinds, addresses } = all;
  let entry = firstOf(index, hashOf(all, kind, words, 0));
  for (; entry >= 0; entry = index.next[entry] as number) {
    if (kinds[entry] !== kind) continue;
    let i = 0;
    while (i < 4 && addresses[4 * entry + i] === words[i]) i++;
    if (i === 4) return entry;
  }
  return -1;
}

/** A place for one that is not there: a free one, or another's that is only known. -1: none. */
export function addNeighbour(all: Neighbours, kind: number, words: Int32Array): number {
  const { states } = all;
  for (let looks = 0; looks < states.length; looks++) {
    const entry = all.hand;
    all.hand = (entry + 1) % states.length;
    if (states[entry] === ASKED) continue;
    if (states[entry] === KNOWN) dropNeighbour(all, entry);
    all.kinds[entry] = kind;
    for (let i = 0; i < 4; i++) all.addresses[4 * entry + i] = words[i] as number;
    insert(all.index, hashOf(all, kind, words, 0), entry);
    return entry;
  }
  return -1;
}

export function dropNeighbour(all: Neighbours, entry: number): void {
  const { states, waits, lengths } = all;
  remove(all.index, hashOf(all, all.kinds[entry] as number, all.addresses, 4 * entry), entry);
  if (states[entry] === ASKED) all.asked--;
  states[entry] = FREE;
  all.ports[entry] = -1;
  const slot = waits[entry] as number;
  if (slot >= 0) lengths[slot] = 0;
  waits[entry] = -1;
}

/** Keeps the newest frame for a neighbour that is asked. False: there is no room for it. */
export function keepFrame(
  all: Neighbours,
  entry: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): boolean {
  const { waits, lengths, frames } = all;
  if (length > WAITING_BYTES) return false;
  let slot = waits[entry] as number;
  if (slot < 0) slot = lengths.indexOf(0);
  if (slot < 0) return false;
  waits[entry] = slot;
  lengths[slot] = length;
  for (let i = 0; i < length; i++) frames[slot * WAITING_BYTES + i] = bytes[at + i] as number;
  return true;
}
