// Makes dom0's root tree of unpacked packages, the lab's own files and the guests, and its disk.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { mergedUsr, unpack } from './unpack.ts';

/** Parts of packages that no program of dom0 reads. */
const without = [
  './boot/*.efi',
  './boot/*.config',
  './usr/share/doc',
  './usr/share/man',
  './usr/share/locale',
  './usr/share/info',
  './usr/share/lintian',
  './usr/share/bug',
  './usr/lib/x86_64-linux-gnu/gconv',
  './usr/lib/xen-*/boot',
];

/** Unpacks the packages; two at a time, since unpacking is bound by the processor. */
export const unpackTree = async (debs: readonly string[], root: string): Promise<void> => {
  mergedUsr(root);
  const queue = [...debs];
  const worker = async (): Promise<void> => {
    for (let deb = queue.shift(); deb !== undefined; deb = queue.shift()) {
      await unpack(deb, root, { without });
    }
  };
  await Promise.all([worker(), worker()]);
};

/** What the packages' maintainer scripts would have made, as far as dom0 needs it. */
const etc: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  'etc/group': 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n',
  'etc/shadow': 'root:*:20000:0:99999:7:::\n',
  'etc/shells': '/bin/sh\n/bin/bash\n',
  'etc/hosts': '127.0.0.1 localhost dom0\n',
  'etc/hostname': 'dom0\n',
  // Without one systemd takes each boot for the first of a new machine.
  'etc/machine-id': '6c616220646f6d30206f662078746c21\n',
  'root/.bashrc': "PS1='dom0:\\w# '\n",
};

/** Files of the lab that dom0 gets: a path in dom0 and the file, with its permissions. */
export interface Added {
  readonly to: string;
  readonly from: string;
  readonly mode?: number;
}

/** Adds to an unpacked tree what dom0 needs to boot. */
export const completeTree = (root: string, added: readonly Added[]): void => {
  for (const dir of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'mnt', 'var/log/xen']) {
    mkdirSync(join(root, dir), { recursive: true });
  }
  for (const [link, target] of [
    ['var/run', '/run'],
    ['var/lock', '/run/lock'],
  ] as const) {
    rmSync(join(root, link), { recursive: true, force: true });
    symlinkSync(target, join(root, link));
  }
  chmodSync(join(root, 'root'), 0o700);
  for (const [path, text] of Object.entries(etc)) writeFileSync(join(root, path), text);
  for (const { to, from, mode } of added) {
    const path = join(root, to);
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(from, path);
    chmodSync(path, mode ?? 0o644);
  }
  chmodSync(join(root, 'root/.ssh'), 0o700);
};

/** Puts the kernel's modules into the tree. */
export const addModules = (modules: string, root: string): void =>
  cpSync(join(modules, 'lib/modules'), join(root, 'usr/lib/modules'), { recursive: true });

/** Names of busybox's programs, each a link to it unless a package brings the real one. */
export const linkBusybox = async (root: string): Promise<void> => {
  const { stdout } = await execa(join(root, 'usr/bin/busybox'), ['--list']);
  for (const name of stdout.split('\n').filter(Boolean)) {
    for (const dir of ['usr/bin', 'usr/sbin']) {
      if (dir === 'usr/sbin' && !/^(ifconfig|route|losetup|poweroff|reboot|halt)$/.test(name))
        continue;
      try {
        symlinkSync('/usr/bin/busybox', join(root, dir, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }
};

/**
 * Makes an ext4 disk of a tree, with `freeMib` of room. An ordinary user is root in a namespace for
 * that, so that all files are root's; where that is forbidden, xtl-init mends what matters.
 */
export const makeDisk = async (tree: string, disk: string, freeMib: number): Promise<void> => {
  const { stdout } = await execa('du', ['-s', '--block-size=1M', tree]);
  const sizeMib = Math.ceil(Number.parseInt(stdout, 10) * 1.1) + freeMib;
  const options = ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-E', 'root_owner=0:0'];
  const argv = ['mke2fs', ...options, '-m', '0', '-d', tree, disk, `${sizeMib}M`];
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const asRoot = ['--map-root-user', ...argv];
  const { failed } = await execa('unshare', asRoot, { env, reject: false });
  if (failed) await execa('mke2fs', argv.slice(1), { env });
};
