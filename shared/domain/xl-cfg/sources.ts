/**
 * The text that is parsed as one, and the way back from an offset in it to a file, a line and a
 * column.
 */

import { assert } from '../../core/assert.ts';
import type { Place } from './problem.ts';
import type { Span } from './syntax.ts';

interface Part {
  readonly file: string;
  readonly start: number;
  readonly text: string;
}

export interface Sources {
  /** The file as the user named it. */
  readonly file: string;
  /** All parts as the parser sees them. */
  readonly text: string;
  place(span: Span): Place;
}

/**
 * Joins a file and the overrides as xl does (create_domain in xl_vmcontrol.c @ RELEASE-4.17.0): a
 * newline, then every argument with a newline. The parts keep their own names for diagnostics.
 */
export function joinSources(
  file: string,
  text: string,
  overrides: readonly string[] = [],
): Sources {
  const parts: Part[] = [{ file, start: 0, text }];
  let joined = text;
  if (overrides.length > 0) joined += '\n';
  for (const [index, override] of overrides.entries()) {
    parts.push({ file: `argument ${index + 1}`, start: joined.length, text: override });
    joined += `${override}\n`;
  }
  return { file, text: joined, place: (span) => place(parts, span) };
}

function place(parts: readonly Part[], span: Span): Place {
  const part = parts.findLast((p) => p.start <= span.start);
  assert(part !== undefined, `no source holds offset ${span.start}`);
  const offset = Math.min(span.start - part.start, part.text.length);
  const lineStart = part.text.lastIndexOf('\n', offset - 1) + 1;
  const nextNewline = part.text.indexOf('\n', offset);
  const lineEnd = nextNewline < 0 ? part.text.length : nextNewline;
  const end = Math.min(span.end - part.start, lineEnd);
  return {
    file: part.file,
    line: countLines(part.text, lineStart),
    column: offset - lineStart + 1,
    length: Math.max(end - offset, 1),
    lineText: part.text.slice(lineStart, lineEnd).replace(/\r$/, ''),
  };
}

function countLines(text: string, before: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < before; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
