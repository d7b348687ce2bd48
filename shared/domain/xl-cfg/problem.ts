/** A fault of a configuration with its place, for a diagnostic that shows the line. */

/** A place that a diagnostic can show. Lines and columns count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Of the marked text within its first line, at least 1. */
  readonly length: number;
  readonly lineText: string;
}

export interface Problem {
  readonly severity: 'error' | 'warning';
  /** `XTL-C012`: stable, one for each kind of fault. */
  readonly code: string;
  /** The file as named by the user, or `argument 2` for an override of the command line. */
  readonly file: string;
  /** From 1; 0 when the fault is not in one place (a key that is missing). */
  readonly line: number;
  /** From 1, in UTF-16 units; 0 together with line 0. */
  readonly column: number;
  /** Of the marked text, in UTF-16 units; 0 together with line 0. */
  readonly length: number;
  /** The line that holds the fault, without its newline; empty together with line 0. */
  readonly lineText: string;
  readonly message: string;
  readonly hint?: string;
}

export interface Blame {
  readonly severity?: Problem['severity'] | undefined;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A word of the file is repeated no longer than this. */
const WORD_MAX = 60;

/** A word of the file in a message. */
export function shortened(word: string): string {
  return word.length <= WORD_MAX ? word : `${word.slice(0, WORD_MAX)}...`;
}

export function problemAt(place: Place, blame: Blame): Problem {
  const { severity = 'error', code, message, hint } = blame;
  return { severity, code, ...place, message, ...(hint === undefined ? {} : { hint }) };
}

/** A fault of the file as a whole. */
export function problemOf(file: string, blame: Blame): Problem {
  return problemAt({ file, line: 0, column: 0, length: 0, lineText: '' }, blame);
}

/** Order for a reader: what has no place first, then the file by place, then arguments in turn. */
export function byPlace(a: Problem, b: Problem): number {
  const part = (p: Problem): number => Number(/^argument (\d+)$/.exec(p.file)?.[1] ?? 0);
  return part(a) - part(b) || a.line - b.line || a.column - b.column;
}
