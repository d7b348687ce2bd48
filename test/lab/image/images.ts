// From packages to bootable images, each step kept in the cache by the content of its inputs.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, recipeDir } from '../paths.ts';
import type { XenVersion } from '../xen-version.ts';
import type { PackageFile } from './apt-text.ts';
import type { Progress } from './download.ts';
import { withLock } from './lock.ts';
import { ensurePackageFiles, type Manifest } from './manifest.ts';
import { ensureMore, type More } from './more.ts';
import { type Programs, treeTools } from './programs.ts';
import { stage, treeHash } from './stage.ts';
import {
  makeGuestTree,
  makeImage,
  makeKernel12,
  makeKernel13,
  makeKeys,
  makeMoreTree,
  makeTree,
  type Sources,
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

/**
 * `plain`: what most tests need, and little else. `tools` has python, QEMU and what drivers need
 * beside, and `systemd` is the same disk with systemd as process 1 and udev.
 */
export type ImageKind = 'plain' | 'tools' | 'systemd';
export const imageKinds: readonly ImageKind[] = ['plain', 'tools', 'systemd'];

const hashes = (files: readonly PackageFile[]): string[] => files.map(({ hash }) => hash);
const recipe = (...files: string[]): string => treeHash(recipeDir, files);
const unpacking = (): string => recipe('image/dom0-root.ts', 'image/unpack.ts');

/** Fills a stage that is not there, and says so. */
type Make = (
  name: string,
  inputs: string[],
  text: string,
  fill: (out: string) => Promise<void>,
) => Promise<string>;

const makeSources = async (
  { dom0, guest, kernels }: Manifest,
  deb: (file: PackageFile) => string,
  make: Make,
): Promise<{ sources: Sources; tools: Programs }> => {
  const tree = await make('tree', [unpacking(), ...hashes(dom0)], 'unpacking dom0', (out) =>
    makeTree(dom0.map(deb), out),
  );
  const guestInputs = [unpacking(), ...hashes(guest)];
  const guestTree = await make('guest', guestInputs, 'unpacking a guest', (out) =>
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
  return { sources: { tree, guestTree, kernel12, kernel13, keys }, tools };
};

/** The sources of the larger image: another tree of dom0. */
const withMore = async (
  sources: Sources,
  plain: readonly string[],
  { files, deviceModel417 }: More,
  deb: (file: PackageFile) => string,
  make: Make,
): Promise<Sources> => {
  const inputs = [recipe('image'), sources.tree, ...hashes([...files, deviceModel417])];
  const tree = await make('moretree', inputs, 'unpacking a larger dom0', (out) =>
    makeMoreTree([...plain, ...files.map(deb)], deb(deviceModel417), out),
  );
  return { ...sources, tree };
};

/** Makes sure of all images; a second time it only compares hashes. */
export const ensureImages = (say: Progress, kind: ImageKind = 'plain'): Promise<Images> => {
  const dir = cacheDir();
  const stages = join(dir, 'stages');
  mkdirSync(stages, { recursive: true });
  const make: Make = (name, inputs, text, fill) =>
    stage(stages, name, inputs, (out) => {
      say(text);
      return fill(out);
    });
  return withLock(
    join(dir, 'lock'),
    () => say('another process makes the images: waiting'),
    async () => {
      const { manifest, downloads } = await ensurePackageFiles(dir, say);
      const deb = ({ file }: PackageFile): string => join(downloads, file);
      const { sources, tools } = await makeSources(manifest, deb, make);
      if (kind === 'plain') return finish(sources, 'image', () => tools, make);
      const { more, downloads: others } = await ensureMore(dir, manifest, say);
      const other = ({ file }: PackageFile): string => join(others, file);
      const larger = await withMore(sources, manifest.dom0.map(deb), more, other, make);
      const largerTools = () => treeTools(larger.tree, larger.guestTree);
      return finish(larger, 'moreimage', largerTools, make);
    },
  );
};

const finish = async (
  sources: Sources,
  name: 'image' | 'moreimage',
  tools: () => Programs,
  make: Make,
): Promise<Images> => {
  const inputs = [recipe('image', 'dom0'), ...Object.values(sources)];
  const image = await make(name, inputs, 'making the disk of dom0', (out) =>
    makeImage(sources, tools(), out),
  );
  const { kernel13, keys } = sources;
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
