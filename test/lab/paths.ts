// Where the lab keeps things: the source tree, the cache of images, the directory of running hosts.
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const findRoot = (start: string): string => {
  for (let dir = start; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package-lock.json')) && existsSync(join(dir, 'test/lab'))) return dir;
    if (dir === dirname(dir)) throw new Error(`no xtl source tree above ${start}`);
  }
};

/** The root of the source tree; the same from the sources and from a bundle in build/. */
export const repoRoot = findRoot(import.meta.dirname);

/** The lab's recipe files (what goes into images), as paths of the source tree. */
export const recipeDir = join(repoRoot, 'test/lab');

/** Downloads and images: `${XDG_CACHE_HOME:-~/.cache}/xtl/lab`. */
export const cacheDir = (): string => {
  const dir = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'xtl/lab');
  mkdirSync(dir, { recursive: true });
  return dir;
};

/**
 * Sockets, logs and records of running hosts. A short path of its own, since a Unix socket's path
 * may have 107 bytes; only ours, since others could otherwise plant sockets in it.
 */
export const runDir = (): string => {
  const uid = process.getuid?.() ?? 0;
  const dir = join(tmpdir(), `xtl-lab-${uid}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const stat = lstatSync(dir);
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0) {
    throw new Error(`${dir} is not a directory of this user alone; remove it`);
  }
  return dir;
};
