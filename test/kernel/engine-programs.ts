/** Scripts under the engine as programs of this machine, with a domain's memory. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { bundle } from '../../deploy/relink/bundle.ts';
import { makeEngine } from '../../deploy/relink/engine/make.ts';
import { type EngineSource, openEngineSource } from '../../deploy/relink/engine/source.ts';
import { openSysroot } from '../../deploy/relink/sysroot.ts';
import { openToolchain } from '../../deploy/relink/toolchain.ts';
import { repoRoot } from '../lab/paths.ts';

/** Runs a script with arguments; what it printed, line by line. Throws with the engine's words. */
export type RunScript = (...args: readonly string[]) => Promise<string[]>;

const quiet = (): void => {};

/** The script of an entry as a service's is linked: its bytecode goes to `file`. */
async function compileEntry(entry: string, file: string, source: EngineSource): Promise<void> {
  const { script } = await bundle(repoRoot, entry, { debug: false });
  await writeFile(`${file}.js`, script);
  const toolchain = await openToolchain(repoRoot, await openSysroot(quiet), source, quiet);
  await toolchain.compileScript(`${file}.js`, file, false);
}

/** Makes a script of test/kernel/host ready to run in `limitKib` of memory; files go to `work`. */
export async function openScript(name: string, limitKib: number, work: string): Promise<RunScript> {
  const [program, script] = [join(work, 'engine'), join(work, name)];
  const source = await openEngineSource(quiet);
  const { objects } = await makeEngine({ root: repoRoot, source, flags: [] });
  const runner = join(repoRoot, 'test/kernel/host/engine.c');
  const args = ['-O1', '-Wall', '-Wextra', '-Werror', '-isystem', source.dir, runner, ...objects];
  await execa('gcc', [...args, '-lm', '-lpthread', '-o', program]);
  await compileEntry(`test/kernel/host/${name}.main.ts`, script, source);
  return async (...args) => {
    const { stdout } = await execa(program, [script, String(limitKib), ...args]);
    return stdout.split('\n');
  };
}
