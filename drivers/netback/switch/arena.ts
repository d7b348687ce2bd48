/**
 * Memory for frames of our own, and for second forms of others': lent until the turn ends, when all
 * of it is free again.
 */

import type { Region } from '../../../shared/platform/region.ts';

export interface Arena {
  readonly region: Region;
  used: number;
  /** How often there was no room. */
  refused: number;
}

export function createArena(region: Region): Arena {
  return { region, used: 0, refused: 0 };
}

/** The place of so many bytes; -1: there is no room until the turn ends. */
export function takeRoom(arena: Arena, bytes: number): number {
  const at = arena.used;
  if (at + bytes > arena.region.bytes.length) {
    arena.refused++;
    return -1;
  }
  arena.used = at + ((bytes + 7) & ~7);
  return at;
}

/** What was given out is nobody's any more. */
export function resetArena(arena: Arena): void {
  arena.used = 0;
}
