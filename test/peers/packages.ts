/** Xen's own xenstored, xl and tools, unpacked from Debian's packages into the user's cache. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { openApt } from '../lab/image/apt.ts';
import { withLock } from '../lab/image/lock.ts';
import type { Spec } from '../lab/image/packages.ts';
import { repoRoot } from '../lab/paths.ts';

const PACKAGES = `xen-utils-4.17 xenstore-utils libxen-dev libxenmisc4.17 libxencall1 libxenhypfs1
  libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenstore4 libxentoolcore1
  libxentoollog1 libsystemd0 libyajl2`;

const SOURCES = ['hypervisor.c', 'guests.c'].map((name) => join(repoRoot, 'test/peers', name));

export interface PeerTree {
  /** The unpacked packages. */
  readonly root: string;
  /** For LD_LIBRARY_PATH. */
  readonly libraries: string;
  /** `xenstored`, `oxenstored`, `test-xenstore`. */
  readonly programs: string;
  /** For LD_PRELOAD: the stand-in for the hypervisor under a xenstored. */
  readonly hypervisor: string;
  /** For LD_PRELOAD: the stand-in for all that `xl -N` asks. */
  readonly forXl: string;
}

/** `${XDG_CACHE_HOME:-~/.cache}/xtl/peers-4.17`. */
function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'xtl/peers-4.17');
}

/** Unpacks all packages into `tree`, all or nothing. */
async function fetch(tree: string): Promise<void> {
  const work = await mkdtemp(join(cacheDir(), 'work-'));
  try {
    const apt = await openApt(join(work, 'apt'));
    await apt.update();
    await apt.download(PACKAGES.split(/\s+/).map((name): Spec => `${name}/bookworm`));
    for (const deb of await readdir(apt.downloads)) {
      if (!deb.endsWith('.deb')) continue;
      await execa('dpkg-deb', ['-x', join(apt.downloads, deb), join(work, 'tree')]);
    }
    await rm(tree, { recursive: true, force: true });
    await rename(join(work, 'tree'), tree);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Compiles `sources` with Xen's headers into a file of the cache whose name begins with `name`,
 * unless these very sources are compiled already.
 */
export async function compile(
  root: string,
  name: string,
  sources: readonly string[],
  flags: readonly string[],
): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(source));
  const made = join(cacheDir(), `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(made)) return made;
  const fresh = `${made}.${process.pid}`;
  const always = ['-O2', '-Wall', '-Wno-unused-parameter', `-I${join(root, 'usr/include')}`];
  await execa('gcc', [...always, '-o', fresh, ...sources, ...flags]);
  await rename(fresh, made);
  return made;
}

/** The tree, fetched on first use. Needs apt-get, dpkg-deb and gcc; installs nothing. */
export async function peerTree(): Promise<PeerTree> {
  await mkdir(cacheDir(), { recursive: true });
  const list = createHash('sha256').update(PACKAGES).digest('hex').slice(0, 16);
  const root = join(cacheDir(), `tree-${list}`);
  const programs = join(root, 'usr/lib/xen-4.17/bin');
  const wait = () => {};
  // Test files run side by side: one of them fetches.
  await withLock(join(cacheDir(), 'lock'), wait, async () => {
    if (!existsSync(programs)) await fetch(root);
  });
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu');
  const flags = ['-shared', '-fPIC', '-ldl', '-pthread'];
  const hypervisor = await compile(root, 'hypervisor', SOURCES, flags);
  const forXl = await compile(root, 'xl', [join(repoRoot, 'test/peers/xl.c')], flags);
  return { root, libraries, programs, hypervisor, forXl };
}
