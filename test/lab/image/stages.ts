// What each stage of the images consists of; images.ts decides when one is made.
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { recipeDir } from '../paths.ts';
import { xenVersions } from '../xen-version.ts';
import {
  type Added,
  addModules,
  completeTree,
  linkBusybox,
  makeDisk,
  unpackTree,
} from './dom0-root.ts';
import { guestConfigs } from './guests.ts';
import { dom0Initramfs, fullInitramfs, smallInitramfs } from './initramfs.ts';
import { kernelImage, kernelModules } from './kernels.ts';
import type { Programs } from './programs.ts';
import { gunzip, unpack } from './unpack.ts';
import { extractVmlinux } from './vmlinux.ts';

/** Room for what commands write in dom0. */
const freeMib = 512;

/** Directories of the finished stages that the disk of dom0 is made from. */
export interface Sources {
  readonly tree: string;
  readonly guestTree: string;
  readonly kernel12: string;
  readonly kernel13: string;
  readonly keys: string;
}

export const makeTree = async (debs: readonly string[], out: string): Promise<void> => {
  await unpackTree(debs, out);
  await linkBusybox(out);
};

/** Where libxl of every Xen looks for its device model, and where the lab keeps each Xen's. */
const deviceModel = 'usr/libexec/xen-qemu-system-i386';
const deviceModelOf = (version: string): string => `usr/lib/xen-${version}/${deviceModel}`;

/** The tree of the larger image; xtl-init links the running Xen's device model into place. */
export const makeMoreTree = async (
  debs: readonly string[],
  deviceModel417: string,
  out: string,
): Promise<void> => {
  await makeTree(debs, out);
  const keep = (version: string): void => {
    const to = join(out, deviceModelOf(version));
    mkdirSync(dirname(to), { recursive: true });
    renameSync(join(out, deviceModel), to);
  };
  keep('4.20');
  await unpack(deviceModel417, out, { only: [`./${deviceModel}`] });
  keep('4.17');
  // What the package's maintainer script would choose.
  for (const name of ['iptables', 'ip6tables', 'iptables-save', 'iptables-restore']) {
    symlinkSync('xtables-nft-multi', join(out, 'usr/sbin', name));
  }
};

export const makeGuestTree = (debs: readonly string[], out: string): Promise<void> =>
  unpackTree(debs, out);

export const makeKernel12 = (deb: string, out: string): Promise<void> => kernelImage(deb, out);

export const makeKernel13 = async (deb: string, tools: Programs, out: string): Promise<void> => {
  await kernelImage(deb, out);
  await extractVmlinux(join(out, 'vmlinuz'), join(out, 'vmlinux'));
  await kernelModules(deb, tools, out);
};

/** The key that dom0 lets in, and dom0's own. */
export const makeKeys = async (tools: Programs, out: string): Promise<void> => {
  const kind = ['-q', '-t', 'ed25519', '-N', '', '-C', 'xtl-lab'];
  await execa('ssh-keygen', [...kind, '-f', join(out, 'id')]);
  writeFileSync(join(out, 'host_key.pub'), await tools.dropbearKey(join(out, 'host_key')));
};

const script = (name: string): string => join(recipeDir, 'dom0', name);

/** Files for dom0's /root/guests: kernels, initramfs and configurations. */
const guestFiles = async (
  { tree, guestTree, kernel12, kernel13 }: Sources,
  tools: Programs,
  work: string,
): Promise<Added[]> => {
  const init = script('guest-init.sh');
  const made: Record<string, string | Uint8Array> = {
    'small.initramfs': smallInitramfs(tree, init),
    'full.initramfs': await fullInitramfs({ tree, guestTree, modules: kernel13, init }, tools),
    ...guestConfigs,
  };
  mkdirSync(work);
  const added = Object.entries(made).map(([name, data]): Added => {
    writeFileSync(join(work, name), data);
    return { to: `root/guests/${name}`, from: join(work, name) };
  });
  return [
    ...added,
    { to: 'root/guests/vmlinuz-debian12', from: join(kernel12, 'vmlinuz') },
    { to: 'root/guests/vmlinuz-debian13', from: join(kernel13, 'vmlinuz') },
  ];
};

/** Programs that a dom0 of the lab runs. */
const dom0Programs = [
  ...xenVersions.flatMap((version) =>
    ['xl', 'xenstored', 'oxenstored', 'xenconsoled', 'xenconsole', 'xen-init-dom0'].map(
      (name) => `usr/lib/xen-${version}/bin/${name}`,
    ),
  ),
  ...['bash', 'node', 'kmod', 'ip', 'xenstore-ls'].map((name) => `usr/bin/${name}`),
  'usr/sbin/dropbear',
];

/** Fails, and says which, when the packages lack a library that a program of dom0 loads. */
const checkTree = async (tree: string, tools: Programs): Promise<void> => {
  const models = xenVersions.map(deviceModelOf).filter((path) => existsSync(join(tree, path)));
  for (const program of [...dom0Programs, ...models]) await tools.libraries(join(tree, program));
};

/** What QEMU boots: the hypervisors, dom0's initramfs and dom0's disk. */
export const makeImage = async (sources: Sources, tools: Programs, out: string): Promise<void> => {
  const { tree, kernel13, keys } = sources;
  await checkTree(tree, tools);
  for (const version of xenVersions) {
    await gunzip(join(tree, `boot/xen-${version}-amd64.gz`), join(out, `xen-${version}`));
  }
  const initramfs = dom0Initramfs(tree, kernel13, script('initramfs-init.sh'));
  writeFileSync(join(out, 'initramfs'), initramfs);
  const [root, guests] = [join(out, 'root'), join(out, 'guests')];
  await execa('cp', ['-a', tree, root]);
  rmSync(join(root, 'boot'), { recursive: true });
  addModules(kernel13, root);
  completeTree(root, [
    { to: 'sbin/xtl-init', from: script('xtl-init.sh'), mode: 0o755 },
    { to: 'etc/systemd/system/lab.service', from: script('lab.service') },
    { to: 'usr/local/bin/xtl', from: script('xtl.sh'), mode: 0o755 },
    { to: 'etc/dropbear/host_key', from: join(keys, 'host_key'), mode: 0o600 },
    { to: 'root/.ssh/authorized_keys', from: join(keys, 'id.pub'), mode: 0o600 },
    ...(await guestFiles(sources, tools, guests)),
  ]);
  await makeDisk(root, join(out, 'disk'), freeMib);
  for (const dir of [root, guests]) rmSync(dir, { recursive: true });
};
