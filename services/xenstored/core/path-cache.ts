/**
 * Paths of requests, parsed once: found again by a hash of their bytes, so that no string is made
 * for a path that was seen before. For engines with a compiler; see path-cache-text.ts.
 */

import { latin1Of } from '../../../shared/core/bytes.ts';
import { isRelative, isValidPath } from '../../../shared/xenstore/paths.ts';
import {
  PATH_CACHE_LENGTH,
  PATH_CACHE_LIMIT,
  PATH_CACHE_PARTS,
  PATH_CACHE_SLOTS,
} from './limits.ts';
import { keptPath, type Path, pathOf } from './path.ts';

export interface PathCache {
  /**
   * The path that `bytes` from `start` to `end` (no NUL among them) name for a connection whose
   * implicit path is `base` and whose paths have at most `max` characters; undefined if it is
   * invalid.
   */
  find(bytes: Uint8Array, start: number, end: number, base: string, max: number): Path | undefined;
  /** Forgets where paths led: nodes that are gone must not live on here. */
  dropHints(): void;
}

/** How a store comes by its cache. */
export type CreatePathCache = () => PathCache;

/** What a client's path is in full. */
export function fullPath(raw: string, base: string): string {
  return isRelative(raw) ? `${base}/${raw}` : raw;
}

/** Undefined for an invalid path. */
export function parsePath(text: string, max: number): Path | undefined {
  return isValidPath(text, max) ? pathOf(text) : undefined;
}

export function dropHint(path: Path): void {
  path.hint = undefined;
  path.hintTree = undefined;
}

const SLASH = 0x2f;

interface Slot {
  /** As a client sent it. */
  readonly raw: string;
  /** The implicit path that a relative `raw` was joined to. */
  readonly base: string;
  readonly path: Path;
}

function matches(raw: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < raw.length; i++) if (raw.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

export const createPathCache: CreatePathCache = () => {
  const slots: (Slot | undefined)[] = new Array(PATH_CACHE_SLOTS).fill(undefined);
  /** Of the last path that each slot did not hold: it is kept if it comes again. */
  const missed = new Int32Array(PATH_CACHE_SLOTS);

  const keep = (index: number, slot: Slot): Path => {
    slots[index] = slot;
    return slot.path;
  };
  const find: PathCache['find'] = (bytes, start, end, base, max) => {
    const length = end - start;
    if (length > PATH_CACHE_LENGTH || max < PATH_CACHE_LIMIT) {
      return parsePath(fullPath(latin1Of(bytes, start, end), base), max);
    }
    let hash = length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 0x01000193) ^ (bytes[i] ?? 0)) | 0;
    const index = (hash ^ (hash >>> 13)) & (PATH_CACHE_SLOTS - 1);
    const slot = slots[index];
    if (slot !== undefined && slot.raw.length === length && matches(slot.raw, bytes, start)) {
      if (slot.base === base || bytes[start] === SLASH) return slot.path;
    }
    const raw = latin1Of(bytes, start, end);
    const path = parsePath(fullPath(raw, base), max);
    // A walk through the whole tree does not fill the cache with what comes once.
    if (missed[index] !== hash) missed[index] = hash;
    else if (path !== undefined && path.parts.length <= PATH_CACHE_PARTS)
      return keep(index, { raw, base, path: keptPath(path) });
    return path;
  };
  const dropHints = (): void => {
    for (const slot of slots) {
      if (slot !== undefined) dropHint(slot.path);
    }
  };
  return { find, dropHints };
};
