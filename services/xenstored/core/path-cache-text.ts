/**
 * Paths of requests, parsed once: found again by their text. For engines without a compiler, where
 * a loop over bytes costs more than a string and a look into a map, which are built in.
 */

import { PATH_CACHE_LENGTH, PATH_CACHE_SLOTS } from './limits.ts';
import type { Path } from './path.ts';
import { type CreatePathCache, dropHint, fullPath, parsePath } from './path-cache.ts';
import { latin1Of } from './value.ts';

/** By full text; undefined for a path that came once: it is kept if it comes again. */
type Paths = Map<string, Path | undefined>;

export const createTextPathCache: CreatePathCache = (maxLength) => {
  /** What came lately, and what came before that. */
  let young: Paths = new Map();
  let old: Paths = new Map();

  const keep = (text: string, path: Path | undefined): void => {
    young.set(text, path);
    if (young.size < PATH_CACHE_SLOTS / 2) return;
    old = young;
    young = new Map();
  };
  return {
    find: (bytes, start, end, base, ownMax) => {
      const text = fullPath(latin1Of(bytes, start, end), base);
      if (text.length > PATH_CACHE_LENGTH || ownMax !== undefined) {
        return parsePath(text, ownMax ?? maxLength());
      }
      const known = young.get(text);
      if (known !== undefined) return known;
      const path = old.get(text) ?? parsePath(text, maxLength());
      const cameBefore = young.has(text) || old.has(text);
      keep(text, cameBefore ? path : undefined);
      return path;
    },
    clear: () => {
      young = new Map();
      old = new Map();
    },
    dropHints: () => {
      for (const path of [...young.values(), ...old.values()]) {
        if (path !== undefined) dropHint(path);
      }
    },
  };
};
