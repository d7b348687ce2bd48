// The packages that the larger image has beside those of the plain one.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Exactly, openApt } from './apt.ts';
import type { PackageFile } from './apt-text.ts';
import { download, isThere, type Progress } from './download.ts';
import type { Manifest } from './manifest.ts';
import { deviceModel417, moreSpecs } from './packages.ts';
import { contentHash, prune } from './stage.ts';

export interface More {
  /** What the plain image lacks. */
  readonly files: readonly PackageFile[];
  /** The device model of Xen 4.17; that of 4.20 is among the files. */
  readonly deviceModel417: PackageFile;
}

const filesOf = (more: More): PackageFile[] => [...more.files, more.deviceModel417];

/** Of that name in the plain image: its version is the one that counts. */
const without = (files: readonly PackageFile[], plain: readonly PackageFile[]): PackageFile[] => {
  const names = new Set(plain.map(({ name }) => name));
  return files.filter(({ name }) => !names.has(name));
};

/** Makes sure of the package files; those of the last time while all are there. */
export const ensureMore = async (
  dir: string,
  plain: Manifest,
  say: Progress,
): Promise<{ more: More; downloads: string }> => {
  const key = contentHash([...moreSpecs, '', ...plain.dom0.map(({ hash }) => hash)]);
  const path = join(dir, `more-${key}.json`);
  const apt = await openApt(join(dir, 'apt'), { debs: 'more' });
  const { downloads } = apt;
  if (existsSync(path)) {
    const known = JSON.parse(readFileSync(path, 'utf8')) as More;
    if (filesOf(known).every((file) => isThere(downloads, file))) return { more: known, downloads };
  }
  say("reading the package lists of Debian's releases");
  await apt.update();
  const [model] = await apt.resolve([deviceModel417]);
  if (model === undefined) throw new Error(`apt does not find ${deviceModel417}`);
  const more = {
    files: without(await apt.closure(moreSpecs), plain.dom0),
    deviceModel417: model,
  };
  const exactly = filesOf(more).map(({ name, version }): Exactly => `${name}=${version}`);
  await download(apt, exactly, filesOf(more), say);
  writeFileSync(path, JSON.stringify(more, null, 1));
  const used = new Set(filesOf(more).map(({ file }) => file));
  const isOld = (name: string) => name.endsWith('.deb') && !used.has(name);
  prune(downloads, isOld, () => false, 0);
  return { more, downloads };
};
