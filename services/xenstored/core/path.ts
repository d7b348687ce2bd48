/** Paths taken apart: the canonical text and its parts. */

import { NAME_CACHE_SLOTS } from './limits.ts';
import type { Node, Tree } from './tree.ts';

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
