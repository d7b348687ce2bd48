// The initramfs of dom0 and those of the guests.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpioEntry, character, cpio, directory, file, symlink } from './cpio.ts';
import { bootModules } from './kernels.ts';
import { moduleClosure, parseModulesDep } from './modules.ts';

const applets = 'sh mount insmod switch_root cat'.split(' ');

const base = (tree: string, init: string): CpioEntry[] => [
  ...['proc', 'sys', 'root', 'tmp'].map((path) => directory(path)),
  directory('dev'),
  character('dev/console', 5, 1),
  character('dev/null', 1, 3),
  file('bin/busybox', readFileSync(join(tree, 'usr/bin/busybox')), 0o755),
  ...applets.map((name) => symlink(`bin/${name}`, 'busybox')),
  file('init', readFileSync(init), 0o755),
];

/** Modules below `modules/`, and their order in `modules/order`. */
const loaded = (modules: string, wanted: readonly string[]): CpioEntry[] => {
  const versions = join(modules, 'lib/modules');
  const dir = join(versions, readdirSync(versions)[0] as string);
  const dep = parseModulesDep(readFileSync(join(dir, 'modules.dep'), 'utf8'));
  const builtin = readFileSync(join(dir, 'modules.builtin'), 'utf8');
  const paths = moduleClosure(dep, wanted, builtin);
  const name = (path: string): string => path.split('/').at(-1) as string;
  return [
    ...paths.map((path) => file(`modules/${name(path)}`, readFileSync(join(dir, path)))),
    file('modules/order', `${paths.map(name).join('\n')}\n`),
  ];
};

/** dom0's: mounts the root disk. */
export const dom0Initramfs = (tree: string, modules: string, init: string): Uint8Array =>
  cpio([...base(tree, init), ...loaded(modules, bootModules)]);

/** The small guest's: busybox alone. */
export const smallInitramfs = (tree: string, init: string): Uint8Array => cpio(base(tree, init));
