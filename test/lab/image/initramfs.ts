// The initramfs of dom0 and those of the guests.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type CpioEntry, character, cpio, directory, file, symlink } from './cpio.ts';
import { bootModules, guestModules } from './kernels.ts';
import { moduleClosure, parseModulesDep } from './modules.ts';
import type { Programs } from './programs.ts';

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
  return [
    ...paths.map((path) => file(`modules/${basename(path)}`, readFileSync(join(dir, path)))),
    file('modules/order', `${paths.map((path) => basename(path)).join('\n')}\n`),
  ];
};

/** dom0's: mounts the root disk. */
export const dom0Initramfs = (tree: string, modules: string, init: string): Uint8Array =>
  cpio([...base(tree, init), ...loaded(modules, bootModules)]);

/** The small guest's: busybox alone. */
export const smallInitramfs = (tree: string, init: string): Uint8Array => cpio(base(tree, init));

/** Where the fuller guest's parts come from. */
export interface FullSources {
  readonly tree: string;
  readonly guestTree: string;
  readonly modules: string;
  readonly init: string;
}

/** The fuller guest's: fio, iperf3, ethtool and ip, with the front ends' modules. */
export const fullInitramfs = async (
  { tree, guestTree, modules, init }: FullSources,
  tools: Programs,
): Promise<Uint8Array> => {
  const programs = [
    ...['usr/bin/fio', 'usr/bin/iperf3', 'usr/sbin/ethtool'].map((path) => join(guestTree, path)),
    join(tree, 'usr/bin/ip'),
  ];
  const libraries = new Set<string>();
  for (const program of programs) {
    for (const library of await tools.libraries(program)) libraries.add(library);
  }
  const loader = 'lib64/ld-linux-x86-64.so.2';
  return cpio([
    ...base(tree, init),
    ...loaded(modules, guestModules),
    ...programs.map((path) => file(`usr/bin/${basename(path)}`, readFileSync(path), 0o755)),
    ...[...libraries].map((path) =>
      file(`usr/lib/x86_64-linux-gnu/${basename(path)}`, readFileSync(path), 0o755),
    ),
    file(loader, readFileSync(join(tree, 'usr', loader)), 0o755),
  ]);
};
