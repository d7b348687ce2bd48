// Unpacks Debian packages into a directory without installing them.
import { createReadStream, createWriteStream, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { execa } from 'execa';

/** Makes an empty root with Debian's merged /usr, so that packages of either layout fit. */
export const mergedUsr = (root: string): void => {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
};

/** Unpacks a package; `only` limits it to these paths (tar patterns), `without` leaves some out. */
export const unpack = async (
  deb: string,
  root: string,
  select: { only?: readonly string[]; without?: readonly string[] } = {},
): Promise<void> => {
  const excludes = (select.without ?? []).map((pattern) => `--exclude=${pattern}`);
  const only = select.only ? ['--wildcards', ...select.only] : [];
  const flags = [
    '-x',
    '-p',
    '--keep-directory-symlink',
    '--no-same-owner',
    ...excludes,
    '-C',
    root,
  ];
  const packed = execa('dpkg-deb', ['--fsys-tarfile', deb], { buffer: false });
  await packed.pipe('tar', [...flags, ...only]);
};

/** Decompresses a gzip file. */
export const gunzip = (from: string, to: string): Promise<void> =>
  pipeline(createReadStream(from), createGunzip(), createWriteStream(to));
