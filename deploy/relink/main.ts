/** `npm run relink`: links a service into an image that Xen boots. */

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { repoRoot } from '../../test/lab/paths.ts';
import { parseArguments, usage } from './args.ts';
import { showParts } from './parts.ts';
import { relink } from './relink.ts';

const say = (text: string): void => void process.stderr.write(`xtl: ${text}\n`);

/** A compiler that fails has said why on its own standard error. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return 'stderr' in thrown && thrown.stderr ? String(thrown.stderr) : thrown.message;
}

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(argv);
  if (args === 'help') {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if ('error' in args) {
    say(`${args.error}\n${usage}`);
    return 2;
  }
  try {
    const config = args.config === undefined ? undefined : readFileSync(args.config, 'utf8');
    const made = await relink({ ...args, root: repoRoot, config, say });
    process.stdout.write(showParts(made.parts));
    process.stdout.write(`${relative('', made.image)}: ${made.imageBytes} bytes\n`);
    return 0;
  } catch (thrown) {
    say(`relink ${args.service}: ${reasonOf(thrown)}`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
