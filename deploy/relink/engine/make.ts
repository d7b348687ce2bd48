/** The engine's objects, compiled once for what they are made from. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { idOf, onceMade } from '../cache.ts';
import { applyChanges, ENGINE_CHANGES } from './changes.ts';
import { cool } from './heat.ts';
import { HOT } from './hot.ts';
import { atomsIn } from './names.ts';
import { trimRows } from './rows.ts';
import type { EngineSource } from './source.ts';

/** Beside quickjs.c: not quickjs-libc, which is for Unix. */
export const OTHERS = ['dtoa', 'libregexp', 'libunicode', 'cutils'] as const;

/** What the engine's own Makefile asks for; the level of optimization stands for hot functions. */
const ENGINE_FLAGS = [
  ...['-fwrapv', '-funsigned-char', '-D_GNU_SOURCE', '-ffunction-sections', '-fdata-sections'],
  // Its warnings are its authors' to mend.
  ...['-w', '-std=gnu11', '-fstack-protector-strong', '-fno-ident'],
];
const HOT_LEVEL = '-O2';
const COLD_LEVEL = '-Os';

export interface EngineOptions {
  /** The root of the source tree. */
  readonly root: string;
  readonly source: EngineSource;
  /** Of the machine that it is for: headers, red zone. */
  readonly flags: readonly string[];
  /** Rows of the tables of built-ins that are kept; all unless given. */
  readonly names?: ReadonlySet<string> | undefined;
  /** Told when it is compiled, which takes a while. */
  readonly say?: (text: string) => void;
}

export interface Engine {
  readonly objects: readonly string[];
  /** What it was compiled with, for the bill of materials. */
  readonly flags: readonly string[];
}

/** The text of quickjs.c as it is compiled. */
async function engineText({ source, names }: EngineOptions): Promise<string> {
  const text = applyChanges(await readFile(join(source.dir, 'quickjs.c'), 'utf8'), ENGINE_CHANGES);
  if (names === undefined) return cool(text, HOT);
  return cool(trimRows(text, new Set([...names, ...atomsIn(text)])).source, HOT);
}

export async function makeEngine(options: EngineOptions): Promise<Engine> {
  const { root, source, flags } = options;
  const text = await engineText(options);
  const version = (await readFile(join(source.dir, 'VERSION'), 'utf8')).trim();
  const all = [...flags, ...ENGINE_FLAGS, `-DCONFIG_VERSION="${version}"`];
  const { stdout: compiler } = await execa('gcc', ['--version']);
  const id = idOf([all.join('\n'), HOT_LEVEL, COLD_LEVEL, source.about.hash, compiler, text]);
  const dir = join(root, 'build/relink', `engine-${id}`);
  await onceMade(dir, async (work) => {
    options.say?.('compiling the engine');
    await writeFile(join(work, 'quickjs.c'), text);
    // Assertions name their file: no path of the machine that links.
    const paths = [work, source.dir].map((path) => `-ffile-prefix-map=${path}=engine`);
    const compile = (name: string, from: string, level: string) => {
      const args = ['-c', level, ...all, ...paths, `-I${source.dir}`, join(from, `${name}.c`)];
      return execa('gcc', [...args, '-o', join(work, `${name}.o`)]);
    };
    await Promise.all([
      compile('quickjs', work, HOT_LEVEL),
      ...OTHERS.map((name) => compile(name, source.dir, COLD_LEVEL)),
    ]);
  });
  const objects = ['quickjs', ...OTHERS].map((name) => join(dir, `${name}.o`));
  return { objects, flags: [HOT_LEVEL, COLD_LEVEL, ...all] };
}
