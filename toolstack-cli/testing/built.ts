/** The command as users have it: the built file, run as a process of its own. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Ran } from './context.ts';

export const PROGRAM = join(import.meta.dirname, '../../build/xtl/xtl.mjs');

/** Far longer than any command without Xen takes. */
const TIMEOUT_MS = 60_000;

export interface Folder {
  readonly path: string;
  /** Runs `xtl WORDS...` in the folder. */
  xtl(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  remove(): void;
}

/** A folder of its own with these files in it; a name that ends in `/` is a folder. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Folder {
  const path = mkdtempSync(join(tmpdir(), 'xtl-cli-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, `${name}x`)), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(join(path, name), content);
  }
  return {
    path,
    xtl: async (words, env = {}) => {
      const { exitCode, stdout, stderr } = await execa(process.execPath, [PROGRAM, ...words], {
        cwd: path,
        env: { NO_COLOR: '1', ...env },
        reject: false,
        stripFinalNewline: false,
        timeout: TIMEOUT_MS,
        stdin: 'ignore',
      });
      return { exit: exitCode ?? -1, stdout, stderr };
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
