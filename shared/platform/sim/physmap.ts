/** A domain's physical memory: which gfns have pages, sparse however large it is. */

import { assert } from '../../core/assert.ts';
import { type Frame, frame } from './frame.ts';

export interface Physmap {
  /** Adds an extent of 2^order pages at a gfn aligned to its size. */
  add(gfn: number, order: number): void;
  /** The frame behind a gfn, made when first asked for. */
  frame(gfn: number): Frame | undefined;
  /** Pages of paging structures that the map would need with one more extent. */
  tablesWith(gfn: number, order: number): number;
  /** Gives a frame of the domain's own making a gfn, above all populated memory. */
  addOwn(one: Frame): number;
  removeOwn(gfn: number): void;
  /** Frames that somebody asked for, by gfn. */
  frames(): Iterable<[number, Frame]>;
}

/** gfns from here on are the domain's own (its kernel's allocations): 2^31 pages are 8 TiB up. */
export const OWN_FIRST = 2 ** 31;
/** A page of paging structures holds 512 entries: of 4 KiB, 2 MiB, 1 GiB and 512 GiB. */
const LEVELS = [9, 18, 27, 36];

export function physmap(unmapped: (one: Frame) => void): Physmap {
  const extents = new Map<number, Set<number>>();
  const frames = new Map<number, Frame>();
  const tables = new Set<number>();
  let nextOwn = OWN_FIRST;

  const populated = (gfn: number): boolean => {
    for (const [order, starts] of extents) {
      if (starts.has(gfn - (gfn % 2 ** order))) return true;
    }
    return false;
  };
  const missingTables = (gfn: number, order: number): number[] => {
    const levels = LEVELS.filter((level) => level > order);
    const keys = levels.map((level) => level * 2 ** 40 + Math.floor(gfn / 2 ** level));
    return keys.filter((key) => !tables.has(key));
  };
  return {
    add(gfn, order) {
      assert(!populated(gfn), `gfn ${gfn} is populated twice`);
      for (const key of missingTables(gfn, order)) tables.add(key);
      const starts = extents.get(order) ?? new Set();
      extents.set(order, starts.add(gfn));
    },
    frame(gfn) {
      const known = frames.get(gfn);
      if (known || !populated(gfn)) return known;
      const made = frame(unmapped);
      frames.set(gfn, made);
      return made;
    },
    tablesWith: (gfn, order) => tables.size + missingTables(gfn, order).length,
    addOwn(one) {
      frames.set(nextOwn, one);
      return nextOwn++;
    },
    removeOwn(gfn) {
      frames.delete(gfn);
    },
    frames: () => frames,
  };
}
