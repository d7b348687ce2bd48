/** A service and all that it imports as one script, without what it does not use. */

import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';

export interface Bundle {
  readonly script: string;
  /** The script's source map, as JSON. */
  readonly map: string;
  /** The bundled files as paths from the root. */
  readonly inputs: readonly string[];
}

/**
 * Node's own modules stay imports of the output, so that those in use can be told from the others.
 */
const nodeModules: Plugin = {
  name: 'node-modules',
  setup: (esbuild) => {
    esbuild.onResolve({ filter: /^[a-z_/0-9:]+$/ }, ({ path }) => {
      if (path.startsWith('node:')) return { path, external: true };
      return builtinModules.includes(path) ? { path: `node:${path}`, external: true } : null;
    });
  },
};

/** What is in C where a stub domain's kernel is, by what it takes the place of: from the root. */
const IN_C: Readonly<Record<string, string>> = {
  'shared/core/bytes.ts': 'shared/platform/stubdom/bytes.ts',
  'shared/core/ring-moves.ts': 'shared/platform/stubdom/ring-moves.ts',
};

const inC = (root: string): Plugin => ({
  name: 'in-c',
  setup: (esbuild) => {
    esbuild.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const instead = IN_C[relative(root, join(resolveDir, path))];
      return instead === undefined ? null : { path: join(root, instead) };
    });
  },
});

/** What the engine lacks; its exports stand for globals of the same names, where one is used. */
const GLOBALS = fileURLToPath(
  new URL('../../shared/platform/stubdom/text-coding.ts', import.meta.url),
);

/** The files from the entry to one that imports `wanted`: the shortest way. */
export function importChain(
  inputs: Metafile['inputs'],
  entry: string,
  wanted: string,
): readonly string[] {
  const ways: string[][] = [[entry]];
  const seen = new Set<string>([entry]);
  for (let way = ways.shift(); way; way = ways.shift()) {
    for (const { path } of inputs[way.at(-1) as string]?.imports ?? []) {
      if (path === wanted) return [...way, wanted];
      if (seen.has(path)) continue;
      seen.add(path);
      ways.push([...way, path]);
    }
  }
  return [entry, wanted];
}

export interface BundleOptions {
  readonly debug: boolean;
  /** Global names that are replaced by other words. */
  readonly define?: Readonly<Record<string, string>>;
}

/** Bundles `entry`, a path from `root`. Throws when the service needs a module of Node's. */
export async function bundle(
  root: string,
  entry: string,
  { debug, define = {} }: BundleOptions,
): Promise<Bundle> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    inject: [GLOBALS],
    define: { ...define },
    outfile: 'main.js',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['browser'],
    treeShaking: true,
    minifySyntax: !debug,
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
    plugins: [nodeModules, inC(root)],
  });
  const { inputs, outputs } = result.metafile;
  const imports = Object.values(outputs).flatMap((output) => output.imports);
  const node = imports.find(({ external }) => external);
  if (node) {
    const chain = importChain(inputs, entry, node.path).join('\n  imports ');
    throw new Error(`a stub domain has no ${node.path}, which the service imports:\n  ${chain}`);
  }
  const text = (end: string) => result.outputFiles.find(({ path }) => path.endsWith(end))?.text;
  const [script, map] = [text('main.js'), text('main.js.map')];
  if (script === undefined || map === undefined) throw new Error('esbuild gave no script');
  return { script, map, inputs: Object.keys(inputs).map((path) => join(path)) };
}
