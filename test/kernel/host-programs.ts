/** Kernel code as programs of this machine, under the sanitizers; their arguments are seeds. */

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { openSysroot } from '../../deploy/relink/sysroot.ts';
import { repoRoot } from '../lab/paths.ts';

const FLAGS = ['-std=gnu11', '-g', '-O1', '-Wall', '-Wextra', '-Werror'];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Each program's own file and the kernel's files that it tests. */
const UNITS: Readonly<Record<string, readonly string[]>> = {
  heap: ['memory/heap.c', 'memory/heap-lists.c', 'memory/pages.c', 'memory/bitmap.c'],
  codecs: [
    'host/positions.c',
    'memory/bitmap.c',
    'xen/clock.c',
    'xen/console-ring.c',
    'cpu/random.c',
  ],
  start: ['start/boot-info.c'],
};

export const HOST_PROGRAMS: readonly string[] = Object.keys(UNITS);

/** Compiles a program into `work`; the value is its path. Throws with the compiler's words. */
export async function compileHostProgram(name: string, work: string): Promise<string> {
  const include = join(work, `${name}-include`);
  const sysroot = await openSysroot(() => {});
  mkdirSync(include);
  symlinkSync(join(sysroot.dir, 'usr/include/xen'), join(include, 'xen'));
  const here = join(repoRoot, 'test/kernel/host');
  const kernel = (UNITS[name] ?? []).map((unit) => join(repoRoot, 'shared/kernel', unit));
  const sources = [`${here}/${name}.c`, `${here}/support.c`, ...kernel];
  const program = join(work, name);
  await execa('gcc', [...FLAGS, ...SANITIZERS, '-isystem', include, '-o', program, ...sources]);
  return program;
}
