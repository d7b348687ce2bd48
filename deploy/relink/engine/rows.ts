/**
 * The engine's tables of built-in functions without the rows that nobody names: a function that no
 * row names is not compiled. Rows are lines of quickjs.c like `JS_CFUNC_DEF("concat", 1, f ),`.
 */

/** The first text is the name; an alias's second is the row that it stands for. */
const ROW = /^\s*JS_(\w+)_DEF2?\("([^"]*)"(?:, "([^"]*)")?.*\),?\s*$/;
const TABLE = /^static const JSCFunctionListEntry /;

/** `[Symbol.iterator]` and its like are looked up by syntax. */
const isSymbol = (name: string): boolean => name.startsWith('[');

/** What aliases that stay stand for: it must stay, too. */
function bases(lines: readonly string[], isNamed: (name: string) => boolean): ReadonlySet<string> {
  const found = new Set<string>();
  for (const line of lines) {
    const [, kind = '', name = '', base] = ROW.exec(line) ?? [];
    if (kind.startsWith('ALIAS') && base !== undefined && isNamed(name)) found.add(base);
  }
  return found;
}

export interface Trimmed {
  readonly source: string;
  /** Names of the rows that were left out. */
  readonly left: readonly string[];
}

/** quickjs.c without the rows whose names are not among `names`. */
export function trimRows(source: string, names: ReadonlySet<string>): Trimmed {
  const lines = source.split('\n');
  const isNamed = (name: string): boolean => isSymbol(name) || names.has(name);
  const needed = bases(lines, isNamed);
  const left: string[] = [];
  let inTable = false;
  const kept = lines.filter((line) => {
    if (TABLE.test(line)) inTable = true;
    else if (line.startsWith('}')) inTable = false;
    const name = inTable ? ROW.exec(line)?.[2] : undefined;
    if (name === undefined || isNamed(name) || needed.has(name)) return true;
    left.push(name);
    return false;
  });
  return { source: kept.join('\n'), left };
}
