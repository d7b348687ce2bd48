// The kernels of the images: the files for booting, and the modules with all that they need.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { moduleClosure, parseModulesDep } from './modules.ts';
import type { Programs } from './programs.ts';
import { mergedUsr, unpack } from './unpack.ts';

/** What dom0's initramfs loads, in this order; crc32c is a dependency that ext4 finds by name. */
export const bootModules = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4'] as const;

/** What dom0 can load. */
export const dom0Modules = [
  'virtio_net',
  'xen-evtchn',
  'xen-gntdev',
  'xen-gntalloc',
  'xen-privcmd',
  'xenfs',
  'xen-netback',
  'xen-netfront',
  'xen-blkback',
  'xen-blkfront',
  'bridge',
  'veth',
  'dummy',
  'tun',
  'loop',
  'brd',
  'null_blk',
  'nbd',
  'dm-mod',
  'dm-delay',
  'dm-flakey',
  'dm-log-writes',
  'dm-snapshot',
  'br_netfilter',
  'nf_tables',
  'nft_compat',
  'nft_chain_nat',
  'xt_physdev',
  'xt_conntrack',
  'xt_MASQUERADE',
] as const;

/** What the fuller guest loads. */
export const guestModules = ['xen-netfront', 'xen-blkfront', 'crc32c_generic', 'ext4'] as const;

const everyModule = [...new Set([...bootModules, ...dom0Modules, ...guestModules])];

/** Unpacks the boot file of a kernel package to `out/vmlinuz`. */
export const kernelImage = async (deb: string, out: string): Promise<void> => {
  await unpack(deb, out, { only: ['./boot/vmlinuz-*'] });
  const name = readdirSync(join(out, 'boot')).find((file) => file.startsWith('vmlinuz-'));
  if (name === undefined) throw new Error(`${basename(deb)} holds no kernel`);
  renameSync(join(out, 'boot', name), join(out, 'vmlinuz'));
  rmSync(join(out, 'boot'), { recursive: true });
};

/**
 * Unpacks the lab's modules to `out/lib/modules/VERSION`, decompressed (under emulation that takes
 * longer than reading), with their index made by `depmod` of the tree `tools`.
 */
export const kernelModules = async (deb: string, tools: Programs, out: string): Promise<void> => {
  const all = join(out, 'all');
  mergedUsr(all);
  await unpack(deb, all, { without: ['./boot', './usr/share/doc'] });
  const version = readdirSync(join(all, 'usr/lib/modules'))[0];
  if (version === undefined) throw new Error(`${basename(deb)} holds no modules`);
  const from = join(all, 'usr/lib/modules', version);
  await tools.depmod(all, version);
  const dep = parseModulesDep(readFileSync(join(from, 'modules.dep'), 'utf8'));
  const builtin = readFileSync(join(from, 'modules.builtin'), 'utf8');
  const to = join(out, 'lib/modules', version);
  for (const path of moduleClosure(dep, everyModule, builtin)) {
    mkdirSync(join(to, path, '..'), { recursive: true });
    renameSync(join(from, path), join(to, path));
    if (path.endsWith('.xz')) await execa('xz', ['-d', join(to, path)]);
    if (path.endsWith('.zst')) await execa('zstd', ['-q', '-d', '--rm', join(to, path)]);
  }
  for (const file of ['modules.builtin', 'modules.order', 'modules.builtin.modinfo']) {
    renameSync(join(from, file), join(to, file));
  }
  rmSync(all, { recursive: true });
  await tools.depmod(out, version);
  writeFileSync(join(out, 'version'), `${version}\n`);
};
