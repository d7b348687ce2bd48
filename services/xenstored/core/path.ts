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

/** By name: those that were looked up lately, and before that. */
let young = new Map<string, string>();
let old = new Map<string, string>();

/**
 * The one string that stands for a name, while it is known. Trees repeat a few names very often:
 * they are kept once, and equal strings that are one are found equal at once.
 */
export function oneName(name: string): string {
  const known = young.get(name);
  if (known !== undefined) return known;
  const one = old.get(name) ?? name;
  young.set(one, one);
  if (young.size >= NAME_CACHE_SLOTS / 2) {
    old = young;
    young = new Map();
  }
  return one;
}

export const ROOT: Path = createPath('/', []);

/** The path of a text known to be valid. */
export function pathOf(text: string): Path {
  return text === '/' ? ROOT : createPath(text, text.slice(1).split('/'));
}

/** A path that is kept: its names take no room of their own. */
export function keptPath(path: Path): Path {
  return path === ROOT ? ROOT : createPath(path.text, path.parts.map(oneName));
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
