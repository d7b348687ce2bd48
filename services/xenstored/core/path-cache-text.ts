/**
 * Paths of requests, parsed once: found again by their text. For engines without a compiler, where
 * a loop over bytes costs more than a string and a look into a map, which are built in.
 */

import { latin1Of } from '../../../shared/core/bytes.ts';
import { PATH_CACHE_LENGTH, PATH_CACHE_LIMIT, PATH_CACHE_PARTS, TEXT_PATHS } from './limits.ts';
import { keptPath, type Path } from './path.ts';
import { type CreatePathCache, dropHint, fullPath, parsePath } from './path-cache.ts';

const SLASH = 0x2f;

/** By full text; undefined for a path that came once: it is kept if it comes again. */
type Paths = Map<string, Path | undefined>;

export const createTextPathCache: CreatePathCache = () => {
  /** What came lately, and what came before that. */
  let young: Paths = new Map();
  let old: Paths = new Map();

  const keep = (text: string, path: Path | undefined): void => {
    young.set(text, path);
    if (young.size < TEXT_PATHS / 2) return;
    old = young;
    young = new Map();
  };
  /** One that is not known, or came once. */
  const parse = (text: string, max: number): Path | undefined => {
    const path = parsePath(text, max);
    if (path === undefined || path.parts.length > PATH_CACHE_PARTS) return path;
    const cameBefore = young.has(text) || old.has(text);
    const kept = cameBefore ? keptPath(path) : undefined;
    keep(text, kept);
    return kept ?? path;
  };
  return {
    find: (bytes, start, end, base, max) => {
      const raw = latin1Of(bytes, start, end);
      const text = bytes[start] === SLASH ? raw : fullPath(raw, base);
      if (text.length > PATH_CACHE_LENGTH || max < PATH_CACHE_LIMIT) return parsePath(text, max);
      const known = young.get(text);
      if (known !== undefined) return known;
      const older = old.get(text);
      if (older === undefined) return parse(text, max);
      keep(text, older);
      return older;
    },
    dropHints: () => {
      for (const path of [...young.values(), ...old.values()]) {
        if (path !== undefined) dropHint(path);
      }
    },
  };
};
