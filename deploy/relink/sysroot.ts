/**
 * The engine, the C library and Xen's headers: Debian 13's packages, unpacked in the user's cache.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { openApt } from '../../test/lab/image/apt.ts';
import type { PackageFile } from '../../test/lab/image/apt-text.ts';
import type { Spec } from '../../test/lab/image/packages.ts';

const SPECS: readonly Spec[] = ['libquickjs/trixie', 'musl-dev/trixie', 'libxen-dev/trixie'];

export interface Sysroot {
  readonly dir: string;
  readonly packages: readonly PackageFile[];
  /** For -isystem, in this order. */
  readonly includes: readonly string[];
  readonly engine: string;
  readonly engineIncludes: string;
  readonly libc: string;
}

/** `${XDG_CACHE_HOME:-~/.cache}/xtl/relink`. */
function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'xtl/relink');
}

/** Fetches and unpacks into `dir`, all or nothing. */
async function fetch(dir: string): Promise<void> {
  await mkdir(cacheDir(), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), 'work-'));
  try {
    const apt = await openApt(join(work, 'apt'));
    await apt.update();
    const packages = await apt.resolve(SPECS);
    await apt.download(SPECS);
    for (const deb of await readdir(apt.downloads)) {
      if (deb.endsWith('.deb'))
        await execa('dpkg-deb', ['-x', join(apt.downloads, deb), join(work, 'root')]);
    }
    writeFileSync(join(work, 'root/packages.json'), JSON.stringify(packages));
    await rm(dir, { recursive: true, force: true });
    await rename(join(work, 'root'), dir);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The sysroot, fetched when it is first needed. `say` tells of it: it takes a while. */
export async function openSysroot(say: (text: string) => void): Promise<Sysroot> {
  const id = createHash('sha256').update(SPECS.join()).digest('hex').slice(0, 16);
  const dir = join(cacheDir(), `sysroot-${id}`);
  if (!existsSync(join(dir, 'packages.json'))) {
    say(`fetching Debian's ${SPECS.map((spec) => spec.split('/')[0]).join(', ')}`);
    await fetch(dir);
  }
  const packages: PackageFile[] = JSON.parse(readFileSync(join(dir, 'packages.json'), 'utf8'));
  return {
    dir,
    packages,
    includes: [join(dir, 'usr/include/x86_64-linux-musl'), join(dir, 'usr/include')],
    engine: join(dir, 'usr/lib/x86_64-linux-gnu/quickjs/libquickjs.a'),
    engineIncludes: join(dir, 'usr/include/quickjs'),
    libc: join(dir, 'usr/lib/x86_64-linux-musl/libc.a'),
  };
}
