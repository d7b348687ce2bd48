/** The trie finds what a search finds, at a cost that other watches do not raise. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { isWithin } from '../../../shared/xenstore/paths.ts';
import { pathOf } from './path.ts';
import { createWatchTrie, type Watched } from './watch-trie.ts';

const OWNERS = [{}, {}, {}];
const anyone = (): boolean => true;

const watch = (path: string, order: number, depth = Number.POSITIVE_INFINITY): Watched => ({
  connection: OWNERS[order % OWNERS.length] as object,
  path,
  order,
  depth,
});

const levels = (path: string): number => (path === '/' ? 0 : path.split('/').length - 1);

describe('the trie of watches', () => {
  it('finds what a search through all of them finds, while they come and go', () => {
    const random = prng(11);
    const trie = createWatchTrie<Watched>();
    let all: Watched[] = [];
    const randomPath = (): string => {
      const parts = Array.from({ length: random.below(6) }, () => random.pick(['a', 'b', 'ab']));
      return `/${parts.join('/')}`;
    };
    for (let order = 0; order < 1000; order++) {
      if (all.length > 0 && random.chance(0.45)) {
        const gone = random.pick(all);
        all = all.filter((each) => each !== gone);
        trie.remove(gone);
      } else {
        const depth = random.chance(0.3) ? random.below(3) : Number.POSITIVE_INFINITY;
        const added = watch(randomPath(), order, depth);
        all.push(added);
        trie.add(added);
      }
      const path = randomPath();
      const above = all.filter(
        (each) => isWithin(path, each.path) && levels(path) - levels(each.path) <= each.depth,
      );
      const same = all.filter((each) => each.path === path);
      for (const owner of OWNERS) {
        const own = (each: Watched): boolean => each.connection === owner;
        const found = (exact: boolean) =>
          trie.matching(pathOf(path), exact, (who) => who === owner);
        expect(found(false)).toEqual(above.filter(own));
        expect(found(true)).toEqual(same.filter(own));
      }
      expect(new Set(trie.matching(pathOf(path), false, anyone))).toEqual(new Set(above));
      expect(trie.mayMatch(pathOf(path))).toBe(all.some((each) => isWithin(path, each.path)));
      expect(trie.size()).toBe(all.length);
    }
  });

  it('keeps special names apart', () => {
    const trie = createWatchTrie<Watched>();
    const [root, special] = [watch('/', 1), watch('@releaseDomain', 2)];
    trie.add(root);
    trie.add(special);
    expect(trie.special('@releaseDomain')).toEqual([special]);
    expect(trie.matching(pathOf('/a'), false, anyone)).toEqual([root]);
    trie.remove(special);
    expect(trie.special('@releaseDomain')).toEqual([]);
  });
});
