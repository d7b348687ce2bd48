/** The kernel's objects and the bytecode compiler, made once for each state of their sources. */

import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { idOf, onceMade } from './cache.ts';
import { applyChanges, COMPILER_CHANGES } from './engine/changes.ts';
import { type Engine, makeEngine, OTHERS } from './engine/make.ts';
import { textsIn } from './engine/names.ts';
import type { EngineSource } from './engine/source.ts';
import type { Sysroot } from './sysroot.ts';

const WARNINGS = [
  ...['-Wall', '-Wextra', '-Wshadow', '-Wstrict-prototypes', '-Wmissing-prototypes', '-Werror'],
  // With a compiler newer than ours was a new warning must not end the build of a user.
  '-Wno-error=cpp',
];

/** Of everything that runs in a domain; headers come from the sysroot and the compiler alone. */
const DOMAIN_FLAGS = [
  ...['-fno-pic', '-mno-red-zone', '-fcf-protection=none', '-fno-asynchronous-unwind-tables'],
  '-nostdinc',
];

/** Of the kernel beside those. */
const FLAGS = [
  ...['-std=gnu11', '-O2', '-ffreestanding', '-fstack-protector-strong', '-fno-ident'],
  ...['-ffunction-sections', '-fdata-sections'],
];

/** Exceptions happen in the midst of anything: their handler leaves the vector registers alone. */
const FLAGS_OF: Readonly<Record<string, readonly string[]>> = {
  'cpu/trap.c': ['-mgeneral-regs-only'],
};

export interface Toolchain {
  /** The kernel's objects. */
  readonly kernel: readonly string[];
  readonly libgcc: string;
  readonly linkerScript: string;
  /** The engine for scripts that name these built-ins, or for any. */
  makeEngine(names: ReadonlySet<string> | undefined): Promise<Engine>;
  /** Compiles one more C file for a domain. */
  compileC(source: string, object: string): Promise<void>;
  /** Compiles a script to bytecode. */
  compileScript(script: string, bytecode: string, debug: boolean): Promise<void>;
  /** Runs a script on this machine, under the same engine. Throws with what it throws. */
  runScript(script: string): Promise<void>;
}

/** C and assembler files below `dir`, as paths from it. */
function sourcesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(c|S|h|lds)$/.test(path))
    .sort();
}

async function gccLine(...args: string[]): Promise<string> {
  const { stdout } = await execa('gcc', args);
  return stdout.split('\n')[0] as string;
}

/** Runs `work` on all items, as many at a time as there are processors. */
async function forAll<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

interface Sources {
  /** The root of the source tree. */
  readonly root: string;
  readonly engine: EngineSource;
  readonly flags: readonly string[];
}

const kernelDir = (root: string): string => join(root, 'shared/kernel');

/** Compiles all of the kernel into `dir`. */
async function makeKernel(dir: string, { root, flags }: Sources): Promise<void> {
  const kernel = kernelDir(root);
  const units = sourcesOf(kernel).filter((path) => /\.[cS]$/.test(path));
  await forAll(units, (path) => {
    const object = join(dir, `${path.replaceAll('/', '-')}.o`);
    const from = ['-c', ...(FLAGS_OF[path] ?? []), join(kernel, path), '-o', object];
    return execa('gcc', [...flags, ...from], { cwd: dir });
  });
  await writeFile(join(dir, 'kernel.lds'), readFileSync(join(kernel, 'image.lds')));
}

/** Compiles the compiler of scripts into `dir`, for this machine. */
async function makeCompiler(dir: string, { root, engine }: Sources): Promise<void> {
  const text = await readFile(join(engine.dir, 'quickjs.c'), 'utf8');
  await writeFile(join(dir, 'quickjs.c'), applyChanges(text, COMPILER_CHANGES));
  const sources = OTHERS.map((name) => join(engine.dir, `${name}.c`));
  const own = join(root, 'deploy/relink/compile.c');
  const flags = ['-O1', '-w', '-D_GNU_SOURCE', '-DCONFIG_VERSION=""', `-I${engine.dir}`];
  const all = [own, join(dir, 'quickjs.c'), ...sources, '-lm', '-lpthread'];
  await execa('gcc', [...flags, '-fwrapv', '-funsigned-char', ...all, '-o', join(dir, 'compile')]);
}

/** The toolchain for the present sources. Throws with the compiler's words. */
export async function openToolchain(
  root: string,
  sysroot: Sysroot,
  engine: EngineSource,
  say: (text: string) => void,
): Promise<Toolchain> {
  const kernel = kernelDir(root);
  const includes = [await gccLine('-print-file-name=include'), ...sysroot.includes];
  const forDomains = [...DOMAIN_FLAGS, ...includes.flatMap((include) => ['-isystem', include])];
  const flags = [
    ...FLAGS,
    ...forDomains,
    ...WARNINGS,
    `-ffile-prefix-map=${root}=.`,
    ...['-isystem', engine.dir],
  ];
  const sources: Sources = { root, engine, flags };
  const read = (path: string) => readFileSync(join(root, path));
  const paths = sourcesOf(kernel).map((path) => join('shared/kernel', path));
  const version = await gccLine('--version');
  const about = [JSON.stringify([flags, FLAGS_OF, sysroot.packages, version, engine.about])];
  const kernelId = idOf([...about, ...paths.flatMap((path) => [path, read(path)])]);
  const ofCompiler = ['deploy/relink/compile.c', 'deploy/relink/script.h'].map(read);
  const compilerId = idOf([JSON.stringify(COMPILER_CHANGES), ...about, ...ofCompiler]);
  const dir = join(root, 'build/relink', `kernel-${kernelId}`);
  const tools = join(root, 'build/relink', `compiler-${compilerId}`);
  await Promise.all([
    onceMade(dir, (work) => {
      say('compiling the kernel');
      return makeKernel(work, sources);
    }),
    onceMade(tools, (work) => makeCompiler(work, sources)),
  ]);
  const objects = readdirSync(dir).filter((name) => /\.[cS]\.o$/.test(name));
  return {
    kernel: objects.sort().map((name) => join(dir, name)),
    libgcc: await gccLine('-print-libgcc-file-name'),
    linkerScript: join(dir, 'kernel.lds'),
    makeEngine: async (names) => {
      const asked = names && [...names, ...paths.flatMap((path) => [...textsIn(`${read(path)}`)])];
      const set = asked && new Set(asked);
      return makeEngine({ root, source: engine, flags: forDomains, names: set, say });
    },
    compileC: async (source, object) => {
      const more = [`-I${join(kernel, 'include')}`, '-c', basename(source), '-o', object];
      await execa('gcc', [...flags, ...more], { cwd: join(source, '..') });
    },
    compileScript: async (script, bytecode, debug) => {
      const args = ['main.js', script, bytecode, ...(debug ? ['--debug'] : [])];
      await execa(join(tools, 'compile'), args);
    },
    runScript: async (script) => {
      const ran = await execa(join(tools, 'compile'), ['--run', script], { reject: false });
      if (ran.exitCode !== 0) throw new Error(ran.stderr);
    },
  };
}
