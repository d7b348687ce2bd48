/** Xen's C headers of a Debian release, fetched once by a private apt into the user's cache. */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { openApt } from '../lab/image/apt.ts';
import type { Suite } from '../lab/image/packages.ts';

/** `${XDG_CACHE_HOME:-~/.cache}/xtl/headers`. */
function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'xtl/headers');
}

/** Unpacks the suite's libxen-dev into `tree`, all or nothing. */
async function fetch(suite: Suite, tree: string): Promise<void> {
  const cache = cacheDir();
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'work-'));
  try {
    const apt = await openApt(join(work, 'apt'));
    await apt.update();
    await apt.download([`libxen-dev/${suite}`]);
    const deb = (await readdir(apt.downloads)).find((name) => name.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt fetched no libxen-dev of ${suite}`);
    await execa('dpkg-deb', ['-x', join(apt.downloads, deb), join(work, 'tree')]);
    await rm(tree, { recursive: true, force: true });
    await rename(join(work, 'tree'), tree);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The include directory that holds `xen/xen.h` of the suite. */
export async function xenHeaders(suite: Suite): Promise<string> {
  const tree = join(cacheDir(), suite);
  const include = join(tree, 'usr/include');
  if (!existsSync(join(include, 'xen/xen.h'))) await fetch(suite, tree);
  return include;
}
