/** Both ways to find a path again answer alike. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { toLatin1 } from '../../../shared/core/text.ts';
import { PATH_CACHE_PARTS, PATH_CACHE_SLOTS } from './limits.ts';
import { createPathCache, type PathCache } from './path-cache.ts';
import { createTextPathCache } from './path-cache-text.ts';

/** Looks a text up, with other bytes before and after it. */
function find(cache: PathCache, text: string, base = '/b', max = 2048) {
  const bytes = toLatin1(`xx${text}\0yy`);
  return cache.find(bytes, 2, 2 + text.length, base, max);
}

describe.each([
  ['by a hash of its bytes', createPathCache],
  ['by its text', createTextPathCache],
])('a path found %s', (_how, create) => {
  it.each([
    ['/', '/', []],
    ['/a', '/a', ['a']],
    ['/a/bc', '/a/bc', ['a', 'bc']],
    ['a', '/b/a', ['b', 'a']],
    ['a/x', '/b/a/x', ['b', 'a', 'x']],
    [`/${'p'.repeat(400)}`, `/${'p'.repeat(400)}`, ['p'.repeat(400)]],
  ])('%j is %j, however often', (raw, text, parts) => {
    const cache = create();
    for (let i = 0; i < 4; i++) expect(find(cache, raw)).toMatchObject({ text, parts });
  });

  it.each(['', '//', '/a/', '/a//b', '/ä', '/a b', 'a//b'])('%j is none', (raw) => {
    const cache = create();
    for (let i = 0; i < 4; i++) expect(find(cache, raw)).toBeUndefined();
  });

  it('is one object from the second time on, each with its own base', () => {
    const cache = create();
    find(cache, '/a');
    const kept = find(cache, '/a');
    expect(find(cache, '/a')).toBe(kept);
    for (let i = 0; i < 3; i++) {
      expect(find(cache, 'a', '/one')?.text).toBe('/one/a');
      expect(find(cache, 'a', '/two')?.text).toBe('/two/a');
    }
  });

  it.each([9, 250, 300])('obeys a limit of %i, known or not', (max) => {
    const cache = create();
    const long = `/${'p'.repeat(max - 1)}`;
    for (let i = 0; i < 3; i++) {
      expect(find(cache, long)).toBeDefined();
      expect(find(cache, long, '/b', max)).toBeDefined();
      expect(find(cache, long, '/b', max - 1)).toBeUndefined();
      expect(find(cache, long.slice(1), '/b', max + 1)).toBeUndefined();
    }
  });

  it('of many names is parsed each time', () => {
    const cache = create();
    for (let i = 0; i < 3; i++) {
      expect(find(cache, '/a'.repeat(PATH_CACHE_PARTS + 1))?.parts).toHaveLength(17);
      expect(find(cache, '/a'.repeat(PATH_CACHE_PARTS))?.parts).toHaveLength(16);
    }
    const [one, other] = [16, 17].map((parts) => find(cache, '/a'.repeat(parts)));
    expect(find(cache, '/a'.repeat(16))).toBe(one);
    expect(find(cache, '/a'.repeat(17))).not.toBe(other);
  });

  it('lets go of nodes that it led to', () => {
    const cache = create();
    find(cache, '/a');
    const path = find(cache, '/a');
    if (path === undefined) throw new Error('no path');
    path.hint = null;
    cache.dropHints();
    expect(path).toMatchObject({ hint: undefined, hintTree: undefined });
  });

  it('is right among many more than are kept', () => {
    const cache = create();
    const random = prng(3);
    for (let i = 0; i < 20 * PATH_CACHE_SLOTS; i++) {
      const text = `/d/${random.below(3 * PATH_CACHE_SLOTS)}`;
      expect(find(cache, text)?.text).toBe(text);
    }
  });
});
