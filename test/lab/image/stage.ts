// Builds a piece of the images once for each content of its inputs, and keeps it in the cache.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';

/** Of each stage the last few stay, for other source trees and for going back. */
const keptStages = 3;

/** A short hash of texts; each is framed by its length, so that no two lists collide. */
export const contentHash = (parts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('hex').slice(0, 16);
};

/** The hash of files and folders, by relative name and bytes; unit tests do not count. */
export const treeHash = (root: string, paths: readonly string[]): string => {
  const parts: string[] = [];
  const visit = (path: string): void => {
    const full = join(root, path);
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full).sort()) visit(join(path, name));
    } else if (!path.endsWith('.test.ts')) parts.push(path, readFileSync(full, 'base64'));
  };
  for (const path of paths) visit(path);
  return contentHash(parts);
};

/**
 * The directory of stage `name` for these inputs: the cached one, or one that `make` fills. A
 * stage appears whole or not at all; of older ones of the same name the last few stay.
 */
export const stage = async (
  dir: string,
  name: string,
  inputs: readonly string[],
  make: (out: string) => Promise<void>,
): Promise<string> => {
  const final = join(dir, `${name}-${contentHash(inputs)}`);
  if (existsSync(final)) {
    utimesSync(final, new Date(), new Date());
    return final;
  }
  const partial = `${final}.${process.pid}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    await make(partial);
    if (existsSync(final)) rmSync(partial, { recursive: true, force: true });
    else renameSync(partial, final);
    // Unpacking an archive may have set the time of its root.
    utimesSync(final, new Date(), new Date());
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
  prune(
    dir,
    (entry) => entry.startsWith(`${name}-`),
    (path) => path === final,
  );
  return final;
};

/** Removes what `isOurs` picks in a directory, but for the last used ones and what is in use. */
export const prune = (
  dir: string,
  isOurs: (name: string) => boolean,
  isUsed: (path: string) => boolean,
  keep = keptStages,
): void => {
  const byAge = readdirSync(dir)
    .filter(isOurs)
    .map((name) => join(dir, name))
    .map((path) => ({ path, usedMs: statSync(path).mtimeMs }))
    .sort((a, b) => b.usedMs - a.usedMs);
  for (const { path } of byAge.slice(keep)) {
    if (!isUsed(path)) rmSync(path, { recursive: true, force: true });
  }
};
