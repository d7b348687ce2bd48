// @ts-check
// What npm's scripts call: makes sure of everything that a task needs, then runs the task.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureDependencies } from './setup/dependencies.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { run } from './setup/run.mjs';
import { fail, say } from './setup/say.mjs';

const root = dirname(import.meta.dirname);
process.chdir(root);

/**
 * Runs one of the build's own programs.
 * @type {(name: string, args: string[]) => Promise<number>}
 */
const tool = async (name, args) => {
  const path = join('build/tools', `${name}.mjs`);
  if (!existsSync(path)) return fail(`the source tree has no ${name} yet`);
  return run(process.execPath, path, ...args);
};

/** A program of node_modules. @type {(name: string) => string} */
const bin = (name) => join('node_modules/.bin', name);

/**
 * All checks run, even when one fails; vitest's summary comes last.
 * @type {(args: string[]) => Promise<number>}
 */
const test = async (args) => {
  const failed = [
    (await run(bin('biome'), 'check', '.')) === 0 ? '' : 'biome check',
    (await run(bin('tsc'), '-b')) === 0 ? '' : 'tsc -b',
    (await run(bin('vitest'), 'run', ...args)) === 0 ? '' : 'vitest',
  ].filter(Boolean);
  return failed.length > 0 ? fail(`npm test failed: ${failed.join(', ')}`) : 0;
};

/** What takes too long, or fails too often by chance, for each change. @type {typeof test} */
const testAll = (args) => {
  process.env.XTL_TESTS = 'all';
  return test(args);
};

/** @type {Record<string, (args: string[]) => Promise<number>>} */
const tasks = {
  start: (args) => tool('start', args),
  test,
  'test:all': testAll,
  lab: (args) => tool('lab', args),
  bench: (args) => tool('bench', args),
  fuzz: (args) => tool('fuzz', args),
  relink: (args) => tool('relink', args),
  build: async () => ((await run(bin('tsc'), '-b')) === 0 ? 0 : fail('tsc -b failed')),
};

const [name = '', ...args] = process.argv.slice(2);
const task = tasks[name];
if (!task) {
  process.exit(
    fail(`usage: node deploy/bootstrap.mjs ${Object.keys(tasks).join('|')} [ARGS...]`, 2),
  );
}
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.exit(fail(`Node ${process.versions.node} is too old: at least 20.19 is needed`));
}
try {
  ensurePackages(name);
  ensureDependencies(root);
  const { build } = await import('./setup/build.mjs');
  await build(root);
} catch (error) {
  process.exit(fail(`set-up failed: ${error instanceof Error ? error.message : error}`));
}
const started = process.uptime();
if (started > 5) say(`set-up took ${started.toFixed(0)} s`);
process.exit(await task(args));
