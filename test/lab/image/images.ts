// From packages to bootable images, each step kept in the cache by the content of its inputs.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, recipeDir } from '../paths.ts';
import type { XenVersion } from '../xen-version.ts';
import type { PackageFile } from './apt-text.ts';
import { withLock } from './lock.ts';
import { ensurePackageFiles, type Manifest, type Progress } from './manifest.ts';
import { treeTools } from './programs.ts';
import { stage, treeHash } from './stage.ts';
import {
  makeGuestTree,
  makeImage,
  makeKernel12,
  makeKernel13,
  makeKeys,
  makeTree,
} from './stages.ts';

/** Paths of what QEMU boots, and of the keys of the command channel. */
export interface Images {
  readonly dir: string;
  readonly xen: Readonly<Record<XenVersion, string>>;
  readonly kernel: string;
  readonly initramfs: string;
  readonly disk: string;
  /** Private key that dom0 lets in. */
  readonly key: string;
  /** dom0's own public key, `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
}

const hashes = (files: readonly PackageFile[]): string[] => files.map(({ hash }) => hash);
const recipe = (...files: string[]): string => treeHash(recipeDir, files);

const makeAll = async (
  { dom0, guest, kernels }: Manifest,
  downloads: string,
  stages: string,
  say: Progress,
): Promise<Images> => {
  const deb = ({ file }: PackageFile): string => join(downloads, file);
  const make = (
    name: string,
    inputs: string[],
    text: string,
    fill: (out: string) => Promise<void>,
  ) =>
    stage(stages, name, inputs, (out) => {
      say(text);
      return fill(out);
    });
  const unpacking = recipe('image/dom0-root.ts', 'image/unpack.ts');
  const tree = await make('tree', [unpacking, ...hashes(dom0)], 'unpacking dom0', (out) =>
    makeTree(dom0.map(deb), out),
  );
  const guestTree = await make('guest', [unpacking, ...hashes(guest)], 'unpacking a guest', (out) =>
    makeGuestTree(guest.map(deb), out),
  );
  const tools = treeTools(tree, guestTree);
  const kerneling = recipe('image/kernels.ts', 'image/modules.ts', 'image/vmlinux.ts');
  const [first, second] = kernels;
  const kernel12 = await make(
    'kernel12',
    [kerneling, first.hash],
    "unpacking Debian 12's kernel",
    (out) => makeKernel12(deb(first), out),
  );
  const kernel13 = await make(
    'kernel13',
    [kerneling, second.hash],
    "unpacking Debian 13's kernel",
    (out) => makeKernel13(deb(second), tools, out),
  );
  const keys = await make('keys', [], 'making keys', (out) => makeKeys(tools, out));
  const sources = { tree, guestTree, kernel12, kernel13, keys };
  const inputs = [recipe('image', 'dom0'), ...Object.values(sources)];
  const image = await make('image', inputs, 'making the disk of dom0', (out) =>
    makeImage(sources, tools, out),
  );
  return {
    dir: image,
    xen: { '4.17': join(image, 'xen-4.17'), '4.20': join(image, 'xen-4.20') },
    kernel: join(kernel13, 'vmlinux'),
    initramfs: join(image, 'initramfs'),
    disk: join(image, 'disk'),
    key: join(keys, 'id'),
    hostKey: readFileSync(join(keys, 'host_key.pub'), 'utf8').trim(),
  };
};

/** Makes sure of all images; a second time it only compares hashes. */
export const ensureImages = (say: Progress): Promise<Images> => {
  const dir = cacheDir();
  const stages = join(dir, 'stages');
  mkdirSync(stages, { recursive: true });
  return withLock(
    join(dir, 'lock'),
    () => say('another process makes the images: waiting'),
    async () => {
      const { manifest, downloads } = await ensurePackageFiles(dir, say);
      return makeAll(manifest, downloads, stages, say);
    },
  );
};
