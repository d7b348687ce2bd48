// @ts-check
// Makes build/: parsers from grammars, the bundle xtl for dom0, and the tools of this machine.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { build as bundle } from 'esbuild';
import peggy from 'peggy';
import { GUARD, launcher } from './launcher.mjs';

/** Programs for dom0, in build/xtl; it becomes dom0's /usr/lib/xtl. */
const dom0Entries = {
  'xtl/xtl': 'toolstack-cli/main.ts',
  'xtl/lifecycle': 'services/lifecycle/main.unix.ts',
  'xtl/xenstored': 'services/xenstored/main.unix.ts',
  'xtl/blkback': 'drivers/blkback/main.unix.ts',
  'xtl/netback': 'drivers/netback/main.unix.ts',
  'xtl/keeper': 'services/keeper/main.unix.ts',
  'xtl/tools/log-writes': 'test/lab/log-writes/main.ts',
  'xtl/tools/create-bench': 'test/bench/dom0/create.ts',
  'xtl/tools/exchange': 'test/kernel/dom0/exchange.ts',
  'xtl/tools/many': 'test/bench/dom0/many.ts',
  'xtl/tools/sessions': 'test/conformance/dom0/sessions.ts',
  'xtl/tools/rounds': 'test/bench/dom0/rounds.ts',
  'xtl/tools/cases': 'shared/platform/unix/cases.main.ts',
};

/** Programs for this machine. */
const hostEntries = {
  'tools/start': 'test/lab/start.ts',
  'tools/lab': 'test/lab/main.ts',
  'tools/bench': 'test/bench/main.ts',
  'tools/fuzz': 'test/fuzz/main.ts',
  'tools/relink': 'deploy/relink/main.ts',
  // The command for its own tests, which run what a bundler made of it.
  'tools/xtl-testing': 'toolstack-cli/testing/index.ts',
};

/**
 * Writes a file whole or not at all, and only when it is new.
 * @type {(path: string, data: string | Uint8Array) => void}
 */
const put = (path, data) => {
  const bytes = Buffer.from(data);
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, bytes);
  renameSync(fresh, path);
};

/** What starts the bundles of dom0, under their own names. */
const launched = ['xtl', 'lifecycle', 'keeper', 'xenstored', 'blkback', 'netback'];

/** Writes the launchers, executable. @type {(root: string) => void} */
const writeLaunchers = (root) => {
  for (const name of launched) {
    const path = join(root, 'build/xtl', name);
    put(path, launcher(name));
    chmodSync(path, 0o755);
  }
};

const skipped = new Set(['node_modules', 'build', 'dist', '.git']);

/** Paths of the grammars below `dir`. @type {(dir: string) => string[]} */
const grammars = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : grammars(path);
    return entry.name.endsWith('.peggy') ? [path] : [];
  });

/** Each X.peggy becomes the module X.peggy.js beside it. @type {(root: string) => void} */
export const buildGrammars = (root) => {
  for (const path of grammars(root)) {
    const source = readFileSync(path, 'utf8');
    put(`${path}.js`, peggy.generate(source, { output: 'source', format: 'es' }));
  }
};

/**
 * Bundles the entries that exist; `first` is the first statement of each file.
 * @type {(root: string, entries: Record<string, string>, first?: string) => Promise<void>}
 */
const bundles = async (root, entries, first = '') => {
  const there = Object.entries(entries).filter(([, source]) => existsSync(join(root, source)));
  const folder = dirname(Object.keys(entries)[0] ?? '');
  const result = await bundle({
    absWorkingDir: root,
    entryPoints: there.map(([out, source]) => ({ in: source, out })),
    outdir: 'build',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    write: false,
    // What a command does not need is a file of its own that is not read: start-up is part of every
    // VM start. All lie in one folder, since code looks for its neighbours there.
    splitting: true,
    chunkNames: `${folder}/part-[hash]`,
    minifyWhitespace: true,
    minifySyntax: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['koffi', 'esbuild'],
    loader: { '.bash': 'text', '.zsh': 'text', '.fish': 'text' },
    legalComments: 'none',
    logLevel: 'warning',
    // Packages of the older module system look up Node's own modules by require.
    banner: {
      js: [
        first,
        "import { createRequire as $createRequire } from 'node:module';",
        'const require = $createRequire(import.meta.url);',
      ]
        .filter(Boolean)
        .join('\n'),
    },
  });
  for (const { path, contents } of result.outputFiles) put(path, contents);
  const fresh = new Set(result.outputFiles.map(({ path }) => path));
  for (const name of readdirSync(join(root, 'build', folder))) {
    const path = join(root, 'build', folder, name);
    if (name.startsWith('part-') && !fresh.has(path)) rmSync(path);
  }
};

/**
 * koffi beside the bundle: its scripts, and its binary for Debian's Linux; not its C++ sources.
 * @type {(root: string) => void}
 */
const copyKoffi = (root) => {
  const to = join(root, 'build/xtl/node_modules');
  const version = createHash('sha256');
  const packages = ['koffi', '@koromix/koffi-linux-x64'];
  for (const name of packages) {
    version.update(readFileSync(join(root, 'node_modules', name, 'package.json')));
  }
  const mark = join(root, 'build/koffi');
  const hash = version.digest('hex');
  if (existsSync(mark) && existsSync(to) && readFileSync(mark, 'utf8') === hash) return;
  const fresh = `${to}.${process.pid}`;
  for (const name of packages) {
    const from = join(root, 'node_modules', name);
    cpSync(from, join(fresh, name), {
      recursive: true,
      filter: (path) =>
        !/\/(doc|vendor|lib|musl_x64|abi)$/.test(path.slice(from.length)) &&
        (/\.(js|cjs|json|node)$/.test(path) || statSync(path).isDirectory()),
    });
  }
  rmSync(to, { recursive: true, force: true });
  renameSync(fresh, to);
  put(mark, hash);
};

/** Builds everything that is not up to date. @type {(root: string) => Promise<void>} */
export const build = async (root) => {
  buildGrammars(root);
  await bundles(root, dom0Entries, GUARD);
  await bundles(root, hostEntries);
  copyKoffi(root);
  writeLaunchers(root);
};
