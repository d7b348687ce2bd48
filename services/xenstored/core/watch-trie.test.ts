/** The trie finds what a search finds, at a cost that other watches do not raise. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { isWithin } from '../../../shared/xenstore/paths.ts';
import { pathOf } from './path.ts';
import { createWatchTrie, type Watched } from './watch-trie.ts';

const watch = (path: string, order: number, depth = Number.POSITIVE_INFINITY): Watched => ({
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
      expect(trie.matching(pathOf(path), false)).toEqual(above);
      expect(trie.matching(pathOf(path), true)).toEqual(same);
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
    expect(trie.matching(pathOf('/a'), false)).toEqual([root]);
    trie.remove(special);
    expect(trie.special('@releaseDomain')).toEqual([]);
  });

  it('takes no longer for a path because of 20,000 watches elsewhere', () => {
    const trie = createWatchTrie<Watched>();
    const mine = watch('/a/b', 0);
    trie.add(mine);
    const path = pathOf('/a/b/c');
    const time = (): number => {
      const rounds = Array.from({ length: 5 }, () => {
        const start = performance.now();
        for (let i = 0; i < 5_000; i++) trie.matching(path, false);
        return performance.now() - start;
      });
      return rounds.sort((x, y) => x - y)[1] as number;
    };
    time();
    const alone = time();
    for (let i = 1; i <= 20_000; i++) trie.add(watch(`/x/${i % 100}/y${i}`, i));
    expect(time()).toBeLessThan(alone * 4 + 5);
    expect(trie.matching(path, false)).toEqual([mine]);
  });
});
