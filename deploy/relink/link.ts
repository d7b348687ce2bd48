/** Links kernel, engine, C library and service into an image. */

import { join } from 'node:path';
import { execa } from 'execa';
import type { Sysroot } from './sysroot.ts';
import type { Toolchain } from './toolchain.ts';

export interface Linked {
  /** The image that Xen boots: stripped. */
  readonly image: string;
  /** The linker's map. */
  readonly map: string;
  /** Addresses and names of the symbols, a line each. */
  readonly symbols: string;
}

/** Links into `dir`. `own` are the service's own objects and the engine's. */
export async function link(
  dir: string,
  own: readonly string[],
  toolchain: Pick<Toolchain, 'kernel' | 'libgcc' | 'linkerScript'>,
  sysroot: Sysroot,
): Promise<Linked> {
  const whole = join(dir, 'whole.elf');
  const image = join(dir, 'image.elf');
  const map = join(dir, 'link.map');
  const options = [
    ...['-static', '-nostdlib', '--gc-sections', '--build-id=none', '--no-warn-rwx-segments'],
    ...['-z', 'max-page-size=4096', '-z', 'noexecstack'],
    ...['-T', toolchain.linkerScript, '-Map', map, '-o', whole],
  ];
  const inputs = [...own, ...toolchain.kernel, sysroot.libc, toolchain.libgcc];
  await execa('ld', [...options, ...inputs]);
  await execa('strip', ['-o', image, whole]);
  const { stdout: symbols } = await execa('nm', ['-n', whole]);
  return { image, map, symbols: `${symbols}\n` };
}
