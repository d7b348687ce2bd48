/** Problems of a configuration as text: place, reason, the line with a caret run, a hint. */

import type { Problem } from '../../shared/domain/xl-cfg/problem.ts';
import { printable, type Style } from './style.ts';

/** A line longer than this shows only what is around the fault. */
const MAX_LINE = 160;

/** Who has more to mend is helped by these, and begins anew. */
const MAX_SHOWN = 20;

/** The problems in their order, each ended by a newline: errors first if there are too many. */
export async function renderProblems(problems: readonly Problem[], style: Style): Promise<string> {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const wanted = new Set(
    [...errors, ...problems.filter((each) => each.severity !== 'error')].slice(0, MAX_SHOWN),
  );
  const shown = problems.filter((problem) => wanted.has(problem));
  const widths = await widthsFor(shown);
  const text = shown.map((problem) => renderProblem(problem, style, widths)).join('');
  const rest = problems.filter((problem) => !wanted.has(problem));
  return rest.length === 0 ? text : `${text}... and ${countProblems(rest)} more\n`;
}

/** How many columns of a terminal a text takes. */
type Width = (text: string) => number;

/** Only lines beyond ASCII need to know which characters are wide. */
async function widthsFor(problems: readonly Problem[]): Promise<Width> {
  const plain = problems.every(({ lineText }) => /^[\0-\x7f]*$/.test(lineText));
  if (plain) return (text) => text.length;
  return (await import('./width.ts')).widthOf;
}

function renderProblem(problem: Problem, style: Style, width: Width): string {
  const { severity, code, file, line, column, message, hint } = problem;
  const paint = severity === 'error' ? 'red' : 'yellow';
  const place = line === 0 ? printable(file) : `${printable(file)}:${line}:${column}`;
  const title = `${style('bold', place)}: ${style(paint, `${severity}:`)} ${printable(message)}`;
  let text = `${title} ${style('dim', `[${code}]`)}\n`;
  if (line > 0) text += excerpt(problem, (carets) => style(paint, carets), width);
  if (hint !== undefined) text += `  ${style('cyan', 'hint:')} ${printable(hint)}\n`;
  return text;
}

function excerpt(
  { line, column, length, lineText }: Problem,
  caret: (t: string) => string,
  width: Width,
): string {
  const start = column - 1;
  const skip = lineText.length <= MAX_LINE ? 0 : Math.max(0, start - MAX_LINE / 2);
  const show = (from: number, to: number): string =>
    printable(lineText.slice(from, to).replaceAll('\t', ' '));
  const gutter = `${line} | `;
  const before = ' '.repeat(gutter.length + width(show(skip, start)));
  const marked = show(start, Math.min(start + length, skip + MAX_LINE));
  const carets = '^'.repeat(Math.max(1, width(marked)));
  return `  ${gutter}${show(skip, skip + MAX_LINE)}\n  ${before}${caret(carets)}\n`;
}

/** `2 errors and 1 warning`. */
export function countProblems(problems: readonly Problem[]): string {
  const count = (severity: Problem['severity']): string[] => {
    const n = problems.filter((p) => p.severity === severity).length;
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? '' : 's'}`];
  };
  return [...count('error'), ...count('warning')].join(' and ');
}
