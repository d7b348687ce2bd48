// The arguments of `npm run fuzz`.

export interface FuzzArguments {
  readonly name: string;
  readonly seconds: number;
  readonly seed: number | undefined;
}

export const usage = (names: readonly string[]): string =>
  `usage: npm run fuzz -- ${names.join('|')} [--seconds N] [--seed S]`;

const SEED_MAX = 0xffffffff;

function numberOf(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  return Number(text) <= max ? Number(text) : undefined;
}

/** A wrong argument is `{ error }`, one line that names it. */
export function parseArguments(
  argv: readonly string[],
  names: readonly string[],
): FuzzArguments | { error: string } {
  let name: string | undefined;
  const numbers: Record<'--seconds' | '--seed', number | undefined> = {
    '--seconds': undefined,
    '--seed': undefined,
  };
  for (let i = 0; i < argv.length; i++) {
    const [word = '', inline] = (argv[i] as string).split('=', 2);
    if (word === '--seconds' || word === '--seed') {
      const text = inline ?? argv[++i];
      numbers[word] = numberOf(text, SEED_MAX);
      if (numbers[word] === undefined) return { error: `${word} needs a number, not '${text}'` };
    } else if (name === undefined && names.includes(word)) name = word;
    else return { error: `there is no ${word} to fuzz` };
  }
  if (name === undefined) return { error: 'what is to be fuzzed?' };
  return { name, seconds: numbers['--seconds'] ?? 60, seed: numbers['--seed'] };
}
