/** Paths taken apart once: the canonical text and its parts, from a cache for those seen before. */

import { isRelative, isValidPath } from '../../../shared/xenstore/paths.ts';
import { NAME_CACHE_SLOTS, PATH_CACHE_LENGTH, PATH_CACHE_SLOTS } from './limits.ts';
import type { Node, Tree } from './tree.ts';
import { latin1Of } from './value.ts';

export interface Path {
  /** Absolute and valid, `/` for the root. */
  readonly text: string;
  /** Empty for the root. */
  readonly parts: readonly string[];
  /** What was last found here (null: nothing) in which state of which tree: see lookup. */
  hint: Node | null | undefined;
  hintTree: Tree | undefined;
  hintShape: number;
}

function createPath(text: string, parts: readonly string[]): Path {
  return { text, parts, hint: undefined, hintTree: undefined, hintShape: 0 };
}

const names: string[] = new Array(NAME_CACHE_SLOTS).fill('');

/**
 * The name from `start` to `end` of `text`, whose hash is given: the one string that stands for it,
 * while it is known. Trees repeat a few names very often: none is made for those, and equal strings
 * that are one are found equal at once.
 */
function nameAt(text: string, start: number, end: number, hash: number): string {
  const slot = (hash ^ (hash >>> 11)) & (NAME_CACHE_SLOTS - 1);
  const known = names[slot] as string;
  if (known.length === end - start) {
    let i = 0;
    while (i < known.length && known.charCodeAt(i) === text.charCodeAt(start + i)) i++;
    if (i === known.length) return known;
  }
  const name = text.slice(start, end);
  names[slot] = name;
  return name;
}

const SLASH = 0x2f;

/** The names between the slashes of a path that is not the root's. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let hash = 0;
  for (let i = 1, start = 1; i <= text.length; i++) {
    // NaN at the end.
    const code = text.charCodeAt(i);
    if (i < text.length && code !== SLASH) hash = (Math.imul(hash, 31) + code) | 0;
    else {
      parts.push(nameAt(text, start, i, hash));
      start = i + 1;
      hash = 0;
    }
  }
  return parts;
}

export const ROOT: Path = createPath('/', []);

/** The path of a text known to be valid. */
export function pathOf(text: string): Path {
  return text === '/' ? ROOT : createPath(text, partsOf(text));
}

export function parentPath(path: Path): Path {
  const { text, parts } = path;
  if (parts.length <= 1) return ROOT;
  return createPath(text.slice(0, text.lastIndexOf('/')), parts.slice(0, -1));
}

export function childPath(path: Path, name: string): Path {
  const text = path.parts.length === 0 ? `/${name}` : `${path.text}/${name}`;
  return createPath(text, [...path.parts, name]);
}

interface Slot {
  /** As a client sent it. */
  readonly raw: string;
  /** The implicit path that a relative `raw` was joined to. */
  readonly base: string;
  readonly path: Path;
}

export interface PathCache {
  /**
   * The path that `bytes` from `start` to `end` (no NUL among them) name for a connection whose
   * implicit path is `base`; undefined if it is invalid. `ownMax` is the connection's own limit on
   * the length.
   */
  find(
    bytes: Uint8Array,
    start: number,
    end: number,
    base: string,
    ownMax?: number,
  ): Path | undefined;
  /** The limit has changed: forget what was valid under the old one. */
  clear(): void;
  /** Forgets where paths led: nodes that are gone must not live on here. */
  dropHints(): void;
}

function matches(raw: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < raw.length; i++) if (raw.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

/** `maxLength` gives the limit on a path's length of the moment. */
export function createPathCache(maxLength: () => number): PathCache {
  const slots: (Slot | undefined)[] = new Array(PATH_CACHE_SLOTS).fill(undefined);
  /** Of the last path that each slot did not hold: it is kept if it comes again. */
  const missed = new Int32Array(PATH_CACHE_SLOTS);

  const parse = (raw: string, base: string, max: number): Path | undefined => {
    const text = isRelative(raw) ? `${base}/${raw}` : raw;
    return isValidPath(text, max) ? pathOf(text) : undefined;
  };

  const find: PathCache['find'] = (bytes, start, end, base, ownMax) => {
    const length = end - start;
    if (length > PATH_CACHE_LENGTH || ownMax !== undefined) {
      return parse(latin1Of(bytes, start, end), base, ownMax ?? maxLength());
    }
    let hash = length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 0x01000193) ^ (bytes[i] ?? 0)) | 0;
    const index = (hash ^ (hash >>> 13)) & (PATH_CACHE_SLOTS - 1);
    const slot = slots[index];
    if (slot !== undefined && slot.raw.length === length && matches(slot.raw, bytes, start)) {
      if (slot.base === base || bytes[start] === SLASH) return slot.path;
    }
    const raw = latin1Of(bytes, start, end);
    const path = parse(raw, base, maxLength());
    // A walk through the whole tree does not fill the cache with what comes once.
    if (missed[index] !== hash) missed[index] = hash;
    else if (path !== undefined) slots[index] = { raw, base, path };
    return path;
  };
  const dropHints = (): void => {
    for (const slot of slots) {
      if (slot === undefined) continue;
      slot.path.hint = undefined;
      slot.path.hintTree = undefined;
    }
  };
  return { find, clear: () => slots.fill(undefined), dropHints };
}
