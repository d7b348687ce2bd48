/** Problems of a configuration as text: place, reason, the line with a caret run, a hint. */

import type { Problem } from '../../shared/domain/xl-cfg/problem.ts';
import { printable, type Style } from './style.ts';

/** A line longer than this shows only what is around the fault. */
const MAX_LINE = 160;

/** All problems, each ended by a newline, and a last line that counts the errors. */
export function renderProblems(problems: readonly Problem[], style: Style): string {
  return problems.map((problem) => renderProblem(problem, style)).join('');
}

function renderProblem(problem: Problem, style: Style): string {
  const { severity, code, file, line, column, message, hint } = problem;
  const paint = severity === 'error' ? 'red' : 'yellow';
  const place = line === 0 ? printable(file) : `${printable(file)}:${line}:${column}`;
  const title = `${style('bold', place)}: ${style(paint, `${severity}:`)} ${printable(message)}`;
  let text = `${title} ${style('dim', `[${code}]`)}\n`;
  if (line > 0) text += excerpt(problem, (carets) => style(paint, carets));
  if (hint !== undefined) text += `  ${style('cyan', 'hint:')} ${printable(hint)}\n`;
  return text;
}

function excerpt(
  { line, column, length, lineText }: Problem,
  caret: (t: string) => string,
): string {
  const start = column - 1;
  const skip = lineText.length <= MAX_LINE ? 0 : Math.max(0, start - MAX_LINE / 2);
  const shown = printable(lineText.slice(skip, skip + MAX_LINE).replaceAll('\t', ' '));
  const gutter = `${line} | `;
  const before = ' '.repeat(gutter.length - 2 + start - skip + 2);
  const width = Math.max(1, Math.min(length, MAX_LINE - (start - skip)));
  return `  ${gutter}${shown}\n  ${before}${caret('^'.repeat(width))}\n`;
}

/** `2 errors and 1 warning`. */
export function countProblems(problems: readonly Problem[]): string {
  const count = (severity: Problem['severity']): string[] => {
    const n = problems.filter((p) => p.severity === severity).length;
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? '' : 's'}`];
  };
  return [...count('error'), ...count('warning')].join(' and ');
}
