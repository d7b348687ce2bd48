/**
 * Functions of a C file that are compiled for speed; all others are compiled for size. Inline ones
 * stay with whoever takes them in.
 */

const NAME = /([A-Za-z_]\w*)\s*\(/g;
const NOT_NAMES = new Set(['__attribute__', 'no_sanitize']);
const INLINE = /\b(?:inline|force_inline)\b/;
const NO_FUNCTION = /^(?:struct|union|enum|typedef)\b|=/;

/** Ends what stands before a definition. */
const isBreak = (line: string): boolean =>
  line === '' || line.startsWith('#') || /(?:;|\}|\*\/)\s*$/.test(line);

interface Definition {
  readonly name: string;
  /** Lines. */
  readonly first: number;
  readonly last: number;
}

/** Function definitions, each with its braces alone on their lines; but inline ones. */
export function definitionsOf(lines: readonly string[]): Definition[] {
  return lines.flatMap((line, at) => {
    if (line !== '{') return [];
    let first = at;
    while (first > 0 && !isBreak(lines[first - 1] as string)) first--;
    const head = lines.slice(first, at).join('\n');
    if (NO_FUNCTION.test(head) || INLINE.test(head)) return [];
    const names = [...head.matchAll(NAME)].map(([, name = '']) => name);
    const name = names.find((each) => !NOT_NAMES.has(each));
    const last = lines.indexOf('}', at);
    return name === undefined || last < 0 ? [] : [{ name, first, last }];
  });
}

const BEFORE = '#pragma GCC push_options\n#pragma GCC optimize("Os")';
const AFTER = '#pragma GCC pop_options';

/** The source with every function but `hot` ones compiled for size. Throws if one is not there. */
export function cool(source: string, hot: ReadonlySet<string>): string {
  const lines = source.split('\n');
  const all = definitionsOf(lines);
  const names = new Set(all.map(({ name }) => name));
  const absent = [...hot].filter((name) => !names.has(name));
  if (absent.length > 0) throw new Error(`the engine has no function ${absent.join(', ')}`);
  const cold = all.filter(({ name }) => !hot.has(name));
  const firsts = new Set(cold.map(({ first }) => first));
  const lasts = new Set(cold.map(({ last }) => last));
  return lines
    .flatMap((line, at) => [
      ...(firsts.has(at) ? [BEFORE] : []),
      line,
      ...(lasts.has(at) ? [AFTER] : []),
    ])
    .join('\n');
}
