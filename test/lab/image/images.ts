// From packages to bootable images, each step kept in the cache by the content of its inputs.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheDir, recipeDir } from '../paths.ts';
import { type Apt, openApt } from './apt.ts';
import { kernelPackage, type PackageFile } from './apt-text.ts';
import {
  type Added,
  addModules,
  completeTree,
  linkBusybox,
  makeDisk,
  unpackTree,
} from './dom0-root.ts';
import { guestConfigs } from './guests.ts';
import { dom0Initramfs, smallInitramfs } from './initramfs.ts';
import { kernelImage, kernelModules, treeTools } from './kernels.ts';
import { dom0Specs, kernelMetas, type Spec } from './packages.ts';
import { contentHash, stage, treeHash } from './stage.ts';
import { gunzip } from './unpack.ts';

export type XenVersion = '4.17' | '4.20';
export const xenVersions: readonly XenVersion[] = ['4.17', '4.20'];

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

interface Manifest {
  readonly packages: readonly PackageFile[];
  /** The kernels' files, of Debian 12 and of Debian 13. */
  readonly kernels: readonly [PackageFile, PackageFile];
}

export type Progress = (text: string) => void;

const resolveManifest = async (apt: Apt, say: Progress): Promise<Manifest> => {
  say("reading the package lists of Debian's releases");
  await apt.update();
  const stanzas = await apt.show('linux-image-amd64');
  const kernelSpecs: Spec[] = [];
  const kernels: PackageFile[] = [];
  for (const spec of kernelMetas) {
    const [meta] = await apt.resolve([spec]);
    if (meta === undefined) throw new Error(`apt does not find ${spec}`);
    const kernelSpec = kernelPackage(stanzas, meta, spec);
    kernelSpecs.push(kernelSpec);
    kernels.push(...(await apt.resolve([kernelSpec])));
  }
  const packages = await apt.resolve(dom0Specs);
  if (kernels.length !== 2 || packages.length !== dom0Specs.length) {
    throw new Error('apt did not find every package of the lab');
  }
  say(`downloading ${packages.length + 2} packages`);
  await apt.download([...kernelSpecs, ...dom0Specs]);
  return { packages, kernels: [kernels[0] as PackageFile, kernels[1] as PackageFile] };
};

/** The packages and their versions: those of the last time while all files are still there. */
const manifest = async (dir: string, apt: Apt, say: Progress): Promise<Manifest> => {
  const specs: readonly Spec[] = [...kernelMetas, ...dom0Specs];
  const path = join(dir, `manifest-${contentHash(specs)}.json`);
  if (existsSync(path)) {
    const known = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    const there = [...known.packages, ...known.kernels].every(({ file, sizeBytes }) => {
      const deb = join(apt.downloads, file);
      return existsSync(deb) && statSync(deb).size === sizeBytes;
    });
    if (there) return known;
  }
  const fresh = await resolveManifest(apt, say);
  writeFileSync(path, JSON.stringify(fresh, null, 1));
  return fresh;
};

const hashes = (files: readonly PackageFile[]): string[] => files.map(({ hash }) => hash);

/** Makes sure of all images; a second time it only compares hashes. */
export const ensureImages = async (say: Progress): Promise<Images> => {
  const dir = cacheDir();
  const apt = await openApt(join(dir, 'apt'));
  const { packages, kernels } = await manifest(dir, apt, say);
  const deb = ({ file }: PackageFile): string => join(apt.downloads, file);
  const stages = join(dir, 'stages');
  mkdirSync(stages, { recursive: true });

  const tree = await stage(
    stages,
    'tree',
    [treeHash(recipeDir, ['image/dom0-root.ts', 'image/unpack.ts']), ...hashes(packages)],
    async (out) => {
      say('unpacking the userland of dom0');
      await unpackTree(packages.map(deb), out);
      await linkBusybox(out);
    },
  );
  const kernelRecipe = treeHash(recipeDir, [
    'image/kernels.ts',
    'image/modules.ts',
    'image/unpack.ts',
  ]);
  const tools = treeTools(tree);
  const [kernel12, kernel13] = [
    await stage(stages, 'kernel12', [kernelRecipe, kernels[0].hash], async (out) => {
      say("unpacking Debian 12's kernel");
      await kernelImage(deb(kernels[0]), out);
    }),
    await stage(stages, 'kernel13', [kernelRecipe, kernels[1].hash], async (out) => {
      say("unpacking Debian 13's kernel");
      await kernelImage(deb(kernels[1]), out);
      await kernelModules(deb(kernels[1]), tools, out);
    }),
  ];
  const keys = await stage(stages, 'keys', [], async (out) => {
    await execa('ssh-keygen', [
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-C',
      'xtl-lab',
      '-f',
      join(out, 'id'),
    ]);
    writeFileSync(join(out, 'host_key.pub'), await tools.dropbearKey(join(out, 'host_key')));
  });
  const recipe = treeHash(recipeDir, ['image', 'dom0']);
  const image = await stage(
    stages,
    'image',
    [recipe, tree, kernel12, kernel13, keys],
    async (out) => {
      say('making the disk of dom0');
      const boot = (version: XenVersion) => join(tree, `boot/xen-${version}-amd64.gz`);
      for (const version of xenVersions) await gunzip(boot(version), join(out, `xen-${version}`));
      const script = (name: string): string => join(recipeDir, 'dom0', name);
      const modules = kernel13;
      writeFileSync(
        join(out, 'initramfs'),
        dom0Initramfs(tree, modules, script('initramfs-init.sh')),
      );
      writeFileSync(join(out, 'small'), smallInitramfs(tree, script('guest-init.sh')));
      const root = join(out, 'root');
      await execa('cp', ['-a', tree, root]);
      rmSync(join(root, 'boot'), { recursive: true });
      addModules(modules, root);
      const configs = Object.entries(guestConfigs).map(([name, text]): Added => {
        writeFileSync(join(out, name), text);
        return { to: `root/guests/${name}`, from: join(out, name) };
      });
      completeTree(root, [
        { to: 'sbin/xtl-init', from: script('xtl-init.sh'), mode: 0o755 },
        { to: 'usr/local/bin/xtl', from: script('xtl.sh'), mode: 0o755 },
        { to: 'etc/dropbear/host_key', from: join(keys, 'host_key'), mode: 0o600 },
        { to: 'root/.ssh/authorized_keys', from: join(keys, 'id.pub'), mode: 0o600 },
        { to: 'root/guests/vmlinuz-debian12', from: join(kernel12, 'vmlinuz') },
        { to: 'root/guests/vmlinuz-debian13', from: join(kernel13, 'vmlinuz') },
        { to: 'root/guests/small.initramfs', from: join(out, 'small') },
        ...configs,
      ]);
      await makeDisk(root, join(out, 'disk'), 256);
      rmSync(root, { recursive: true });
    },
  );
  return {
    dir: image,
    xen: { '4.17': join(image, 'xen-4.17'), '4.20': join(image, 'xen-4.20') },
    kernel: join(kernel13, 'vmlinuz'),
    initramfs: join(image, 'initramfs'),
    disk: join(image, 'disk'),
    key: join(keys, 'id'),
    hostKey: readFileSync(join(keys, 'host_key.pub'), 'utf8').trim(),
  };
};
