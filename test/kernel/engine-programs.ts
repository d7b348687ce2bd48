/** Scripts under the engine as programs of this machine, with a domain's memory. */

import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { bundle } from '../../deploy/relink/bundle.ts';
import { makeEngine } from '../../deploy/relink/engine/make.ts';
import { openEngineSource } from '../../deploy/relink/engine/source.ts';
import { openSysroot } from '../../deploy/relink/sysroot.ts';
import { openToolchain } from '../../deploy/relink/toolchain.ts';
import { repoRoot } from '../lab/paths.ts';

/** Runs a script with arguments; what it printed, line by line. Throws with the engine's words. */
export type RunScript = (...args: readonly string[]) => Promise<string[]>;

export interface ScriptEntry {
  /** A path from the root. */
  readonly entry: string;
  /** The engine's memory. */
  readonly limitKib: number;
  /** Where files go. */
  readonly work: string;
}

const quiet = (): void => {};

/** The program that runs scripts, and the functions that they find there as in a domain. */
const RUNNER = [
  'test/kernel/host/engine.c',
  'shared/kernel/host/bytes.c',
  'shared/kernel/host/ring-moves.c',
  'shared/kernel/host/values.c',
];

/** Compiles the runner with an engine. `headers`: where quickjs.h lies. */
export async function makeRunner(
  program: string,
  headers: string,
  engine: readonly string[],
): Promise<void> {
  const sources = RUNNER.map((path) => join(repoRoot, path));
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-isystem', headers];
  await execa('gcc', [...flags, ...sources, ...engine, '-lm', '-lpthread', '-o', program]);
}

export const runScript =
  (program: string, script: string, limitKib: number): RunScript =>
  async (...args) => {
    const { stdout } = await execa(program, [script, String(limitKib), ...args]);
    return stdout.split('\n');
  };

/** The script of an entry as a service's is linked: its text, beside a file of its bytecode. */
export async function compileEntry(entry: string, work: string): Promise<string> {
  const { script } = await bundle(repoRoot, entry, { debug: false });
  const file = join(work, basename(entry, '.main.ts'));
  await writeFile(`${file}.js`, script);
  const source = await openEngineSource(quiet);
  const toolchain = await openToolchain(repoRoot, await openSysroot(quiet), source, quiet);
  await toolchain.compileScript(`${file}.js`, file, false);
  return file;
}

/** Makes a script ready to run under our engine. */
export async function openScript({ entry, limitKib, work }: ScriptEntry): Promise<RunScript> {
  const program = join(work, 'engine');
  const source = await openEngineSource(quiet);
  const { objects } = await makeEngine({ root: repoRoot, source, flags: [] });
  await makeRunner(program, source.dir, objects);
  return runScript(program, await compileEntry(entry, work), limitKib);
}
