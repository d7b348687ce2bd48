// The arguments of `npm run fuzz`.

export interface FuzzArguments {
  readonly name: string;
  readonly seconds: number;
  /** The run ends when there were so many, if time is not up before. */
  readonly cases: number | undefined;
  readonly seed: number | undefined;
}

export const usage = (names: readonly string[]): string =>
  `usage: npm run fuzz -- ${names.join('|')} [--seconds N] [--cases N] [--seed S]`;

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
  const numbers: Record<'--seconds' | '--cases' | '--seed', number | undefined> = {
    '--seconds': undefined,
    '--cases': undefined,
    '--seed': undefined,
  };
  for (let i = 0; i < argv.length; i++) {
    const [word = '', inline] = (argv[i] as string).split('=', 2);
    if (word === '--seconds' || word === '--cases' || word === '--seed') {
      const text = inline ?? argv[++i];
      numbers[word] = numberOf(text, SEED_MAX);
      if (numbers[word] === undefined) return { error: `${word} needs a number, not '${text}'` };
    } else if (name === undefined && names.includes(word)) name = word;
    else return { error: `there is no ${word} to fuzz` };
  }
  if (name === undefined) return { error: 'what is to be fuzzed?' };
  const { '--cases': cases, '--seed': seed } = numbers;
  // Of a number of cases nobody knows how long they take.
  const seconds = numbers['--seconds'] ?? (cases === undefined ? 60 : SEED_MAX);
  return { name, seconds, cases, seed };
}
