/** Runs Xen's own xl on a machine without Xen: an oracle for what a configuration means. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { peerTree } from './packages.ts';

/** A file's bytes or text, and words of the command line. */
export interface Question {
  readonly text: string | Uint8Array;
  readonly words?: readonly string[];
}

/** What xl made of a question: what it printed, a refusal, or no answer (it died, or hung). */
export type Answer = { readonly printed: string } | 'refused' | 'died';

export interface Xl {
  /** What `xl -N create` makes of each. */
  dryRuns(questions: readonly Question[]): Promise<readonly Answer[]>;
  /** What `xl WORDS...` prints. */
  run(...words: readonly string[]): Promise<string>;
  end(): Promise<void>;
}

/**
 * bash runs them all: a process of Node's for each would take ten times as long. Some questions
 * hang xl, which counts up a range of processors: a second is patience enough.
 */
const DRIVER = `
for file in *.cfg; do
  mapfile -d '' -t words <"$file.words"
  (ulimit -t 1; exec "$XL" -N create -q "$file" "\${words[@]}" >"$file.out" 2>/dev/null)
  echo $? >"$file.status"
done
`;

export async function openXl(): Promise<Xl> {
  const tree = await peerTree();
  const dir = await mkdtemp(join(tmpdir(), 'xtl-xl-'));
  const program = join(tree.programs, 'xl');
  const env = { LD_LIBRARY_PATH: tree.libraries, LD_PRELOAD: tree.forXl, LC_ALL: 'C.UTF-8' };

  async function dryRuns(questions: readonly Question[]): Promise<readonly Answer[]> {
    const folder = await mkdtemp(join(dir, 'asked-'));
    const path = (i: number, ending = ''): string => join(folder, `${i}.cfg${ending}`);
    await Promise.all(
      questions.map(async ({ text, words = [] }, i) => {
        await writeFile(path(i), text);
        await writeFile(path(i, '.words'), words.map((word) => `${word}\0`).join(''));
      }),
    );
    await execa('bash', ['-c', DRIVER], { cwd: folder, env: { ...env, XL: program } });
    return Promise.all(
      questions.map(async (_, i): Promise<Answer> => {
        const status = Number(await readFile(path(i, '.status'), 'utf8'));
        if (status === 0) return { printed: await readFile(path(i, '.out'), 'latin1') };
        return status >= 124 ? 'died' : 'refused';
      }),
    );
  }

  return {
    dryRuns,
    run: async (...words) => (await execa(program, words, { env, reject: false })).stdout,
    end: () => rm(dir, { recursive: true, force: true }),
  };
}
