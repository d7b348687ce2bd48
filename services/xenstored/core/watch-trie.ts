/**
 * Watches by path, in a trie whose edges hold whole runs of names: what fires for a path lies on
 * the way down to it, so that its cost does not depend on how many watches there are elsewhere,
 * and a watch costs one or two trie nodes however deep its path is.
 */

import type { Path } from './path.ts';
import { oneName, pathOf } from './path.ts';
import { eachWatch, type Owned, type Watchers, withoutWatch, withWatch } from './watchers.ts';

export interface Watched extends Owned {
  /** Absolute, or a special name. */
  readonly path: string;
  /** Levels below `path` that count; Infinity for all. */
  readonly depth: number;
  /** Rises with every watch: events of one change go out in this order. */
  readonly order: number;
}

interface TrieNode<W extends Watched> {
  /** The names that lead here from the node above; none only for the root. */
  label: readonly string[];
  watches: Watchers<W> | undefined;
  /** By the first name of their labels. */
  children: Map<string, TrieNode<W>> | undefined;
}

export interface WatchTrie<W extends Watched> {
  add(watch: W): void;
  remove(watch: W): void;
  /** Whether any watch is on the way to `path`: a quick no for most changes. */
  mayMatch(path: Path): boolean;
  /**
   * Watches on exactly `path`, and unless `exact` those above it that reach so deep, of those whom
   * `wants` is for; each owner's in order.
   */
  matching(path: Path, exact: boolean, wants: (owner: W['connection']) => boolean): readonly W[];
  /** Watches on exactly a special name, in order. */
  special(name: string): readonly W[];
  size(): number;
}

/** How many names of `label` are those of `parts` from `at` on. */
function shared(label: readonly string[], parts: readonly string[], at: number): number {
  const most = Math.min(label.length, parts.length - at);
  let count = 0;
  while (count < most && label[count] === parts[at + count]) count++;
  return count;
}

function trieNode<W extends Watched>(label: readonly string[]): TrieNode<W> {
  return { label, watches: undefined, children: undefined };
}

function addChild<W extends Watched>(parent: TrieNode<W>, child: TrieNode<W>): void {
  parent.children ??= new Map();
  parent.children.set(child.label[0] as string, child);
}

/** Cuts the edge to `node` after `count` names; the new node in between. */
function split<W extends Watched>(
  parent: TrieNode<W>,
  node: TrieNode<W>,
  count: number,
): TrieNode<W> {
  const middle = trieNode<W>(node.label.slice(0, count));
  addChild(parent, middle);
  node.label = node.label.slice(count);
  addChild(middle, node);
  return middle;
}

/** The node at exactly `parts`, made if it is missing. */
function grow<W extends Watched>(root: TrieNode<W>, parts: readonly string[]): TrieNode<W> {
  let node = root;
  for (let at = 0; at < parts.length; ) {
    const next: TrieNode<W> | undefined = node.children?.get(parts[at] as string);
    if (next === undefined) {
      const leaf = trieNode<W>(parts.slice(at));
      addChild(node, leaf);
      return leaf;
    }
    const count = shared(next.label, parts, at);
    node = count < next.label.length ? split(node, next, count) : next;
    at += count;
  }
  return node;
}

/** Takes out `node`, below `parent`, if nothing needs it; joins its edges if one child is left. */
function tidy<W extends Watched>(parent: TrieNode<W>, node: TrieNode<W>): void {
  if (node.watches !== undefined) return;
  const name = node.label[0] as string;
  if (node.children === undefined) {
    parent.children?.delete(name);
    if (parent.children?.size === 0) parent.children = undefined;
  } else if (node.children.size === 1) {
    for (const child of node.children.values()) {
      child.label = [...node.label, ...child.label];
      parent.children?.set(name, child);
    }
  }
}

/** Takes a watch out and leaves nothing of it behind: a guest may add and remove them for ever. */
function prune<W extends Watched>(root: TrieNode<W>, parts: readonly string[], watch: W): void {
  const way = [root];
  let node = root;
  for (let at = 0; at < parts.length; ) {
    const next: TrieNode<W> | undefined = node.children?.get(parts[at] as string);
    if (next === undefined || shared(next.label, parts, at) < next.label.length) return;
    at += next.label.length;
    node = next;
    way.push(node);
  }
  if (node.watches !== undefined) node.watches = withoutWatch(node.watches, watch);
  for (let i = way.length - 1; i > 0; i--) tidy(way[i - 1] as TrieNode<W>, way[i] as TrieNode<W>);
}

export function createWatchTrie<W extends Watched>(): WatchTrie<W> {
  const root = trieNode<W>([]);
  const specials = new Map<string, Set<W>>();
  let count = 0;

  const add = (watch: W): void => {
    count++;
    const { path } = watch;
    if (path.startsWith('/')) {
      const node = grow(root, pathOf(path).parts.map(oneName));
      node.watches = withWatch(node.watches, watch);
    } else specials.set(path, (specials.get(path) ?? new Set()).add(watch));
  };

  const remove = (watch: W): void => {
    count--;
    const { path } = watch;
    if (path.startsWith('/')) {
      prune(root, pathOf(path).parts, watch);
      return;
    }
    const list = specials.get(path);
    list?.delete(watch);
    if (list?.size === 0) specials.delete(path);
  };

  /** Calls `at` for the nodes on the way down to the path, until it returns true. */
  const descend = (
    { parts }: Path,
    at: (watches: Watchers<W>, below: number) => boolean,
  ): boolean => {
    let node = root;
    for (let depth = 0; ; ) {
      if (node.watches !== undefined && at(node.watches, parts.length - depth)) return true;
      if (depth === parts.length || node.children === undefined) return false;
      const next = node.children.get(parts[depth] as string);
      if (next === undefined || shared(next.label, parts, depth) < next.label.length) return false;
      depth += next.label.length;
      node = next;
    }
  };

  const yes = (): boolean => true;
  return {
    add,
    remove,
    mayMatch: (path) => descend(path, yes),
    matching: (path, exact, wants) => {
      const found: W[] = [];
      let levels = 0;
      descend(path, (watches, below) => {
        if (exact && below > 0) return false;
        const before = found.length;
        eachWatch(watches, wants, (watch) => {
          if (watch.depth >= below) found.push(watch);
        });
        if (found.length > before) levels++;
        return false;
      });
      return levels > 1 ? found.sort((a, b) => a.order - b.order) : found;
    },
    special: (name) => [...(specials.get(name) ?? [])],
    size: () => count,
  };
}
