// Which package files the images are made of, and their download.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Apt, openApt } from './apt.ts';
import { kernelPackage, type PackageFile } from './apt-text.ts';
import { download, isThere, type Progress } from './download.ts';
import { dom0Specs, guestSpecs, kernelMetas, type Spec } from './packages.ts';
import { contentHash, prune } from './stage.ts';

export interface Manifest {
  readonly dom0: readonly PackageFile[];
  readonly guest: readonly PackageFile[];
  /** The kernels' files, of Debian 12 and of Debian 13. */
  readonly kernels: readonly [PackageFile, PackageFile];
}

/** Every file of a manifest. */
export const filesOf = ({ dom0, guest, kernels }: Manifest): PackageFile[] => [
  ...dom0,
  ...guest,
  ...kernels,
];

const kernelSpec = async (apt: Apt, meta: Spec): Promise<Spec> => {
  const [file] = await apt.resolve([meta]);
  if (file === undefined) throw new Error(`apt does not find ${meta}`);
  return kernelPackage(await apt.show(file.name), file, meta);
};

const resolve = async (apt: Apt): Promise<{ manifest: Manifest; specs: Spec[] }> => {
  const kernelSpecs: Spec[] = [];
  for (const meta of kernelMetas) kernelSpecs.push(await kernelSpec(apt, meta));
  const one = async (spec: Spec | undefined): Promise<PackageFile> => {
    const [file] = spec ? await apt.resolve([spec]) : [];
    if (file === undefined) throw new Error(`apt does not find ${spec}`);
    return file;
  };
  const all = async (specs: readonly Spec[]): Promise<PackageFile[]> => {
    const files = await apt.resolve(specs);
    const names = new Set(files.map(({ name }) => name));
    const lost = specs.filter((spec) => !names.has(spec.split('/')[0] as string));
    if (lost.length > 0) throw new Error(`apt does not find ${lost.join(', ')}`);
    return files;
  };
  const manifest: Manifest = {
    dom0: await all(dom0Specs),
    guest: await all(guestSpecs),
    kernels: [await one(kernelSpecs[0]), await one(kernelSpecs[1])],
  };
  return { manifest, specs: [...dom0Specs, ...guestSpecs, ...kernelSpecs] };
};

/** The package files below `dir`: those of the last time while all are still there. */
export const ensurePackageFiles = async (
  dir: string,
  say: Progress,
): Promise<{ manifest: Manifest; downloads: string }> => {
  const key = contentHash([...kernelMetas, '', ...dom0Specs, '', ...guestSpecs]);
  const path = join(dir, `manifest-${key}.json`);
  const downloads = join(dir, 'apt/debs');
  if (existsSync(path)) {
    const known = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    if (filesOf(known).every((file) => isThere(downloads, file))) {
      return { manifest: known, downloads };
    }
  }
  const apt = await openApt(join(dir, 'apt'));
  say("reading the package lists of Debian's releases");
  await apt.update();
  const { manifest, specs } = await resolve(apt);
  await download(apt, specs, filesOf(manifest), say);
  writeFileSync(path, JSON.stringify(manifest, null, 1));
  const used = new Set(filesOf(manifest).map(({ file }) => file));
  const isOld = (name: string) => name.endsWith('.deb') && !used.has(name);
  prune(apt.downloads, isOld, () => false, 0);
  return { manifest, downloads: apt.downloads };
};
