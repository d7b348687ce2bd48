// Our block backend as an older build would be: its journals are of another version.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { repoRoot } from './paths.ts';

const IDENTITY = join(repoRoot, 'drivers/blkback/core/identity.ts');
const VERSION = /JOURNAL_VERSION = ([0-9]+)/;

/** Packages of the older module system look up Node's own modules by require. */
const BANNER = `import { createRequire as $createRequire } from 'node:module';
const require = $createRequire(import.meta.url);`;

export interface Versions {
  readonly ours: number;
  readonly older: number;
}

export function journalVersions(): Versions {
  const ours = Number(VERSION.exec(readFileSync(IDENTITY, 'utf8'))?.[1]);
  if (!(ours > 1)) throw new Error(`${IDENTITY} has no version`);
  return { ours, older: ours - 1 };
}

/** Writes the program to `file`. */
export async function buildOlder(file: string): Promise<void> {
  const contents = readFileSync(IDENTITY, 'utf8').replace(
    VERSION,
    `JOURNAL_VERSION = ${journalVersions().older}`,
  );
  const result = await build({
    absWorkingDir: repoRoot,
    entryPoints: ['drivers/blkback/main.unix.ts'],
    ...{ bundle: true, write: false, format: 'esm', platform: 'node', target: 'node20' },
    external: ['koffi'],
    banner: { js: BANNER },
    plugins: [
      {
        name: 'an older version',
        setup: ({ onLoad }) => {
          onLoad({ filter: /core.identity\.ts$/ }, () => ({ contents, loader: 'ts' }));
        },
      },
    ],
  });
  writeFileSync(file, result.outputFiles[0]?.contents ?? '');
}
