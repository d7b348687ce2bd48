/** Folders, of the user's cache and of the build, that are made whole or not at all. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** `${XDG_CACHE_HOME:-~/.cache}/xtl/relink`. */
const cacheDir = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'xtl/relink');

/** A short name for what was made from `parts`. */
export const idOf = (parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
};

/** The folder `dir`, made by `make` in another one if it is not there yet. */
export async function onceMade(dir: string, make: (work: string) => Promise<void>): Promise<void> {
  if (existsSync(dir)) return;
  await mkdir(dirname(dir), { recursive: true });
  const work = await mkdtemp(join(dirname(dir), 'work-'));
  try {
    const root = join(work, 'root');
    await mkdir(root);
    await make(root);
    // Somebody else may have been quicker.
    await rename(root, dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export interface Fetched<About> {
  readonly dir: string;
  /** What the fetch said of what it fetched. */
  readonly about: About;
}

/** A folder of the cache, fetched when it is first asked for. */
export async function fetched<About>(
  name: string,
  fetch: (dir: string) => Promise<About>,
): Promise<Fetched<About>> {
  const dir = join(cacheDir(), name);
  const about = (root: string): string => join(root, 'about.json');
  await onceMade(dir, async (work) => {
    writeFileSync(about(work), JSON.stringify(await fetch(work)));
  });
  return { dir, about: JSON.parse(readFileSync(about(dir), 'utf8')) };
}
