/** Scripts under the engine as programs of this machine, with a domain's memory. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { bundle } from '../../deploy/relink/bundle.ts';
import { makeEngine } from '../../deploy/relink/engine/make.ts';
import { openEngineSource } from '../../deploy/relink/engine/source.ts';
import { openSysroot } from '../../deploy/relink/sysroot.ts';
import { openToolchain } from '../../deploy/relink/toolchain.ts';
import { repoRoot } from '../lab/paths.ts';

/** Runs a script with arguments; what it printed, line by line. Throws with the engine's words. */
export type RunScript = (...args: readonly string[]) => Promise<string[]>;

const quiet = (): void => {};

/** The program that runs scripts: all of the engine, with headers in `includes`. */
export async function compileRunner(
  program: string,
  { objects, includes }: { objects: readonly string[]; includes: string },
): Promise<void> {
  const source = join(repoRoot, 'test/kernel/host/engine.c');
  const args = ['-O1', '-Wall', '-Wextra', '-Werror', '-isystem', includes, source, ...objects];
  await execa('gcc', [...args, '-lm', '-lpthread', '-o', program]);
}

/** The script of an entry as a service's is linked: its bytecode goes to `file`. */
export async function compileEntry(entry: string, file: string): Promise<void> {
  const { script } = await bundle(repoRoot, entry, { debug: false });
  await writeFile(`${file}.js`, script);
  const source = await openEngineSource(quiet);
  const toolchain = await openToolchain(repoRoot, await openSysroot(quiet), source, quiet);
  await toolchain.compileScript(`${file}.js`, file, false);
}

/** Makes a script of test/kernel/host ready to run in `limitKib` of memory; files go to `work`. */
export async function openScript(name: string, limitKib: number, work: string): Promise<RunScript> {
  const [program, script] = [join(work, 'engine'), join(work, name)];
  const source = await openEngineSource(quiet);
  const { objects } = await makeEngine({ root: repoRoot, source, flags: [] });
  await compileRunner(program, { objects, includes: source.dir });
  await compileEntry(`test/kernel/host/${name}.main.ts`, script);
  return async (...args) => {
    const { stdout } = await execa(program, [script, String(limitKib), ...args]);
    return stdout.split('\n');
  };
}
