// Programs of the unpacked trees, run on this machine through the trees' own loader.
import { join } from 'node:path';
import { execa } from 'execa';

export interface Programs {
  depmod(base: string, version: string): Promise<void>;
  /** Makes a host key for dropbear at `path` and returns its public half, as in known_hosts. */
  dropbearKey(path: string): Promise<string>;
  /** Paths of the shared libraries that a program loads. */
  libraries(program: string): Promise<string[]>;
}

/**
 * Lines `NAME => PATH (ADDRESS)` or `NAME => not found` of the loader's --list. A library of this
 * machine is as good as none: the loader looks there last, and the guest will not have it.
 */
export const parseLibraries = (text: string, roots: readonly string[]): string[] =>
  text.split('\n').flatMap((line) => {
    const match = /^\s*(\S+) => (not found|\S+)/.exec(line);
    if (!match) return [];
    const path = match[2] as string;
    if (!roots.some((root) => path.startsWith(`${root}/`))) {
      throw new Error(`no package of the lab has ${match[1]}`);
    }
    return [path];
  });

/** The programs of dom0's tree; libraries are looked for in the guest's tree, too. */
export const treeTools = (tree: string, guestTree: string): Programs => {
  const roots = [tree, guestTree];
  const libraries = roots.flatMap((root) => {
    const base = join(root, 'usr/lib/x86_64-linux-gnu');
    return [base, join(base, 'ceph')];
  });
  const load = (...args: string[]) =>
    execa(join(tree, 'usr/lib64/ld-linux-x86-64.so.2'), [
      ...['--library-path', libraries.join(':')],
      ...args,
    ]);
  const run = (name: string, program: string, args: readonly string[]) =>
    load('--argv0', name, join(tree, program), ...args);
  return {
    depmod: async (base, version) =>
      void (await run('depmod', 'usr/bin/kmod', ['-b', base, version])),
    dropbearKey: async (path) => {
      const args = ['-t', 'ed25519', '-f', path];
      const { stdout } = await run('dropbearkey', 'usr/bin/dropbearkey', args);
      const line = stdout.split('\n').find((text) => text.startsWith('ssh-ed25519 '));
      if (line === undefined) throw new Error(`dropbearkey printed no public key: ${stdout}`);
      return line;
    },
    libraries: async (program) => parseLibraries((await load('--list', program)).stdout, roots),
  };
};
