/** Whether a version of the engine that nobody has tried yet serves. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../bundle.ts';
import type { Toolchain } from '../toolchain.ts';
import { KNOWN_VERSION } from './source.ts';

const ROWS = 'shared/platform/cases/language.main.ts';

type Runner = Pick<Toolchain, 'runScript'>;

/** Runs the language's rows under the engine; throws an Error with those that do not hold. */
export async function checkLanguage(root: string, { runScript }: Runner): Promise<void> {
  const { script } = await bundle(root, ROWS, { debug: false });
  const work = await mkdtemp(join(tmpdir(), 'xtl-language-'));
  try {
    const path = join(work, 'language.js');
    await writeFile(path, script);
    await runScript(path);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** Throws an Error that names both versions where another one than the known one does not serve. */
export async function checkVersion(root: string, version: string, runner: Runner): Promise<void> {
  if (version === KNOWN_VERSION) return;
  try {
    await checkLanguage(root, runner);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `the engine's source has version ${version}, not ${KNOWN_VERSION}, and does not have what ` +
        `services rely on: ${why}`,
    );
  }
}
