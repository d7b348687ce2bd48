/** The C library and Xen's headers: Debian 13's packages, unpacked in the user's cache. */

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { openApt } from '../../test/lab/image/apt.ts';
import type { PackageFile } from '../../test/lab/image/apt-text.ts';
import type { Spec } from '../../test/lab/image/packages.ts';
import { fetched, idOf } from './cache.ts';

export interface Unpacked {
  readonly dir: string;
  readonly packages: readonly PackageFile[];
}

/** Debian's packages unpacked, fetched when first needed. `say` tells of it: it takes a while. */
export async function openPackages(
  specs: readonly Spec[],
  say: (text: string) => void,
): Promise<Unpacked> {
  const { dir, about } = await fetched(`packages-${idOf([specs.join()])}`, async (work) => {
    say(`fetching Debian's ${specs.map((spec) => spec.split('/')[0]).join(', ')}`);
    const place = join(work, 'apt');
    const apt = await openApt(place);
    await apt.update();
    const packages = await apt.resolve(specs);
    await apt.download(specs);
    for (const deb of await readdir(apt.downloads)) {
      if (deb.endsWith('.deb')) await execa('dpkg-deb', ['-x', join(apt.downloads, deb), work]);
    }
    await rm(place, { recursive: true });
    return packages;
  });
  return { dir, packages: about };
}

export interface Sysroot extends Unpacked {
  /** For -isystem, in this order. */
  readonly includes: readonly string[];
  readonly libc: string;
}

export async function openSysroot(say: (text: string) => void): Promise<Sysroot> {
  const unpacked = await openPackages(['musl-dev/trixie', 'libxen-dev/trixie'], say);
  const { dir } = unpacked;
  return {
    ...unpacked,
    includes: [join(dir, 'usr/include/x86_64-linux-musl'), join(dir, 'usr/include')],
    libc: join(dir, 'usr/lib/x86_64-linux-musl/libc.a'),
  };
}
