/** Scripts under the engine as programs of this machine, with a domain's memory. */

import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { openSysroot } from '../../deploy/relink/sysroot.ts';
import { repoRoot } from '../lab/paths.ts';

/** Runs a script with arguments; what it printed, line by line. Throws with the engine's words. */
export type RunScript = (...args: readonly string[]) => Promise<string[]>;

/** Makes a script of test/kernel/host ready to run in `limitKib` of memory; files go to `work`. */
export async function openScript(name: string, limitKib: number, work: string): Promise<RunScript> {
  const { engine, engineIncludes } = await openSysroot(() => {});
  const here = join(repoRoot, 'test/kernel/host');
  const [program, script] = [join(work, 'engine'), join(work, `${name}.js`)];
  const source = ['-O1', '-isystem', engineIncludes, join(here, 'engine.c'), engine];
  await execa('gcc', ['-Wall', '-Wextra', '-Werror', ...source, '-lm', '-lpthread', '-o', program]);
  await build({
    entryPoints: [join(here, `${name}.main.ts`)],
    outfile: script,
    bundle: true,
    format: 'iife',
    target: 'es2023',
    logLevel: 'silent',
  });
  return async (...args) => {
    const { stdout } = await execa(program, [script, String(limitKib), ...args]);
    return stdout.split('\n');
  };
}
