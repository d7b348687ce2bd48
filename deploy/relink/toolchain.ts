/** The kernel's objects and the bytecode compiler, made once for each state of their sources. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import type { Sysroot } from './sysroot.ts';

/** Objects of the engine's library that are linked: not quickjs-libc, which is for Unix. */
const ENGINE = ['quickjs.o', 'dtoa.o', 'libregexp.o', 'libunicode.o', 'cutils.o'];

const WARNINGS = [
  ...['-Wall', '-Wextra', '-Wshadow', '-Wstrict-prototypes', '-Wmissing-prototypes', '-Werror'],
  // With a compiler newer than ours was a new warning must not end the build of a user.
  '-Wno-error=cpp',
];

/**
 * Flags of everything that runs in a domain; headers come from the sysroot and the compiler alone.
 */
const FLAGS = [
  ...['-std=gnu11', '-O2', '-ffreestanding', '-fno-pic', '-mno-red-zone', '-fcf-protection=none'],
  ...['-fstack-protector-strong', '-fno-asynchronous-unwind-tables', '-fno-ident'],
  ...['-ffunction-sections', '-fdata-sections', '-nostdinc'],
];

/** Exceptions happen in the midst of anything: their handler leaves the vector registers alone. */
const FLAGS_OF: Readonly<Record<string, readonly string[]>> = {
  'cpu/trap.c': ['-mgeneral-regs-only'],
};

export interface Toolchain {
  /** The kernel's objects. */
  readonly kernel: readonly string[];
  readonly engine: readonly string[];
  readonly libgcc: string;
  readonly linkerScript: string;
  /** Compiles one more C file for a domain. */
  compileC(source: string, object: string): Promise<void>;
  /** Compiles a script to bytecode. */
  compileScript(script: string, bytecode: string, debug: boolean): Promise<void>;
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

/** Compiles everything into `dir`. */
async function make(
  dir: string,
  { kernel, compiler }: { kernel: string; compiler: string },
  sources: readonly string[],
  sysroot: Sysroot,
  flags: readonly string[],
): Promise<void> {
  const here = { cwd: dir };
  await execa('ar', ['x', sysroot.engine, ...ENGINE], here);
  const units = sources.filter((path) => /\.[cS]$/.test(path));
  const object = (path: string) => join(dir, `${path.replaceAll('/', '-')}.o`);
  const tool = [compiler, ...ENGINE, '-lm', '-lpthread', '-o', 'compile'];
  const jobs: [string, ...string[]][] = [
    ['-O1', `-I${sysroot.engineIncludes}`, ...tool],
    ...units.map((path): [string, ...string[]] => [
      '-c',
      ...flags,
      ...(FLAGS_OF[path] ?? []),
      join(kernel, path),
      '-o',
      object(path),
    ]),
  ];
  await forAll(jobs, (args) => execa('gcc', args, here));
}

/** The toolchain for the kernel's present sources. Throws with the compiler's words. */
export async function openToolchain(
  root: string,
  sysroot: Sysroot,
  say: (text: string) => void,
): Promise<Toolchain> {
  const kernel = join(root, 'shared/kernel');
  const compiler = join(root, 'deploy/relink/compile.c');
  const sources = sourcesOf(kernel);
  const includes = [await gccLine('-print-file-name=include'), ...sysroot.includes];
  const flags = [
    ...FLAGS,
    ...WARNINGS,
    `-ffile-prefix-map=${root}=.`,
    ...[...includes, sysroot.engineIncludes].flatMap((include) => ['-isystem', include]),
  ];
  const hash = createHash('sha256');
  hash.update(JSON.stringify([flags, FLAGS_OF, sysroot.packages, await gccLine('--version')]));
  for (const path of sources) hash.update(path).update(readFileSync(join(kernel, path)));
  hash.update(readFileSync(compiler)).update(readFileSync(join(root, 'deploy/relink/script.h')));
  const dir = join(root, 'build/relink', hash.digest('hex').slice(0, 16));
  if (!existsSync(dir)) {
    say('compiling the kernel');
    await mkdir(join(root, 'build/relink'), { recursive: true });
    const work = await mkdtemp(join(root, 'build/relink/work-'));
    try {
      await make(work, { kernel, compiler }, sources, sysroot, flags);
      await writeFile(join(work, 'kernel.lds'), readFileSync(join(kernel, 'image.lds')));
      await rename(work, dir).catch(() => {});
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  const objects = readdirSync(dir).filter((name) => /\.[cS]\.o$/.test(name));
  return {
    kernel: objects.sort().map((name) => join(dir, name)),
    engine: ENGINE.map((name) => join(dir, name)),
    libgcc: await gccLine('-print-libgcc-file-name'),
    linkerScript: join(dir, 'kernel.lds'),
    compileC: async (source, object) => {
      const more = [`-I${join(kernel, 'include')}`, '-c', basename(source), '-o', object];
      await execa('gcc', [...flags, ...more], { cwd: join(source, '..') });
    },
    compileScript: async (script, bytecode, debug) => {
      const args = ['main.js', script, bytecode, ...(debug ? ['--debug'] : [])];
      await execa(join(dir, 'compile'), args);
    },
  };
}
