/**
 * Watches by path, in a trie: what fires for a path lies on the way down to it, so that its cost does
 * not depend on how many watches there are elsewhere.
 */

import type { Path } from './path.ts';
import { pathOf } from './path.ts';

export interface Watched {
  /** Absolute, or a special name. */
  readonly path: string;
  /** Levels below `path` that count; Infinity for all. */
  readonly depth: number;
  /** Rises with every watch: events of one change go out in this order. */
  readonly order: number;
}

interface TrieNode<W> {
  /** In order of registration. */
  watches: Set<W> | undefined;
  children: Map<string, TrieNode<W>> | undefined;
}

export interface WatchTrie<W extends Watched> {
  add(watch: W): void;
  remove(watch: W): void;
  /** Whether any watch is on the way to `path`: a quick no for most changes. */
  mayMatch(path: Path): boolean;
  /** Watches on exactly `path`, and unless `exact` those above it that reach so deep; in order. */
  matching(path: Path, exact: boolean): readonly W[];
  /** Watches on exactly a special name, in order. */
  special(name: string): readonly W[];
  size(): number;
}

function emptyNode<W>(): TrieNode<W> {
  return { watches: undefined, children: undefined };
}

function partsOf(path: string): readonly string[] {
  return path.startsWith('/') ? pathOf(path).parts : [];
}

export function createWatchTrie<W extends Watched>(): WatchTrie<W> {
  const root = emptyNode<W>();
  const specials = new Map<string, Set<W>>();
  let count = 0;

  const add = (watch: W): void => {
    count++;
    if (!watch.path.startsWith('/')) {
      const list = specials.get(watch.path) ?? new Set();
      specials.set(watch.path, list.add(watch));
      return;
    }
    let node = root;
    for (const part of partsOf(watch.path)) {
      node.children ??= new Map();
      let child = node.children.get(part);
      if (child === undefined) {
        child = emptyNode<W>();
        node.children.set(part, child);
      }
      node = child;
    }
    node.watches = (node.watches ?? new Set()).add(watch);
  };

  /** Empty nodes go as well: a guest that adds and removes watches must leave nothing behind. */
  const remove = (watch: W): void => {
    count--;
    if (!watch.path.startsWith('/')) {
      const list = specials.get(watch.path);
      list?.delete(watch);
      if (list?.size === 0) specials.delete(watch.path);
      return;
    }
    const way: [TrieNode<W>, string][] = [];
    let node = root;
    for (const part of partsOf(watch.path)) {
      const child = node.children?.get(part);
      if (child === undefined) return;
      way.push([node, part]);
      node = child;
    }
    node.watches?.delete(watch);
    if (node.watches?.size === 0) node.watches = undefined;
    for (let step = way.pop(); step !== undefined; step = way.pop()) {
      if (node.watches !== undefined || node.children !== undefined) break;
      const [parent, part] = step;
      parent.children?.delete(part);
      if (parent.children?.size === 0) parent.children = undefined;
      node = parent;
    }
  };

  const mayMatch = ({ parts }: Path): boolean => {
    let node: TrieNode<W> | undefined = root;
    for (let i = 0; ; i++) {
      if (node.watches !== undefined) return true;
      if (i === parts.length || node.children === undefined) return false;
      node = node.children.get(parts[i] as string);
      if (node === undefined) return false;
    }
  };

  const matching = ({ parts }: Path, exact: boolean): readonly W[] => {
    const found: W[] = [];
    let node: TrieNode<W> | undefined = root;
    for (let i = 0; node !== undefined; i++) {
      const below = parts.length - i;
      if (node.watches !== undefined && (!exact || below === 0)) {
        for (const watch of node.watches) if (watch.depth >= below) found.push(watch);
      }
      if (below === 0) break;
      node = node.children?.get(parts[i] as string);
    }
    return found.length > 1 ? found.sort((a, b) => a.order - b.order) : found;
  };

  const special = (name: string): readonly W[] => [...(specials.get(name) ?? [])];
  return { add, remove, mayMatch, matching, special, size: () => count };
}
