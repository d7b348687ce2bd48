/** Both ways to find a path again answer alike. */

import { describe, expect, it } from 'vitest';
import { prng } from '../../../shared/core/prng.ts';
import { toLatin1 } from '../../../shared/core/text.ts';
import { PATH_CACHE_SLOTS } from './limits.ts';
import { createPathCache, type PathCache } from './path-cache.ts';
import { createTextPathCache } from './path-cache-text.ts';

/** Looks a text up, with other bytes before and after it. */
function find(cache: PathCache, text: string, base = '/b', ownMax?: number) {
  const bytes = toLatin1(`xx${text}\0yy`);
  return cache.find(bytes, 2, 2 + text.length, base, ownMax);
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
    const cache = create(() => 2048);
    for (let i = 0; i < 4; i++) expect(find(cache, raw)).toMatchObject({ text, parts });
  });

  it.each(['', '//', '/a/', '/a//b', '/ä', '/a b', 'a//b'])('%j is none', (raw) => {
    const cache = create(() => 2048);
    for (let i = 0; i < 4; i++) expect(find(cache, raw)).toBeUndefined();
  });

  it('is one object from the second time on, each with its own base', () => {
    const cache = create(() => 2048);
    find(cache, '/a');
    const kept = find(cache, '/a');
    expect(find(cache, '/a')).toBe(kept);
    for (let i = 0; i < 3; i++) {
      expect(find(cache, 'a', '/one')?.text).toBe('/one/a');
      expect(find(cache, 'a', '/two')?.text).toBe('/two/a');
    }
  });

  it('obeys the limit of the moment, and the connection’s own', () => {
    let max = 10;
    const cache = create(() => max);
    for (let i = 0; i < 3; i++) expect(find(cache, '/234567890')).toBeDefined();
    expect(find(cache, '/234567890', '/b', 9)).toBeUndefined();
    expect(find(cache, '/2345678901', '/b', 11)).toBeDefined();
    max = 9;
    cache.clear();
    for (let i = 0; i < 3; i++) expect(find(cache, '/234567890')).toBeUndefined();
  });

  it('lets go of nodes that it led to', () => {
    const cache = create(() => 2048);
    find(cache, '/a');
    const path = find(cache, '/a');
    if (path === undefined) throw new Error('no path');
    path.hint = null;
    cache.dropHints();
    expect(path).toMatchObject({ hint: undefined, hintTree: undefined });
  });

  it('is right among many more than are kept', () => {
    const cache = create(() => 2048);
    const random = prng(3);
    for (let i = 0; i < 20 * PATH_CACHE_SLOTS; i++) {
      const text = `/d/${random.below(3 * PATH_CACHE_SLOTS)}`;
      expect(find(cache, text)?.text).toBe(text);
    }
  });
});
