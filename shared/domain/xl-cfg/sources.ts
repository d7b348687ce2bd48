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
  /** Where its lines begin; made when first asked for. */
  lines?: readonly number[];
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
  part.lines ??= lineStarts(part.text);
  const offset = Math.min(span.start - part.start, part.text.length);
  const index = lineAt(part.lines, offset);
  const lineStart = part.lines[index] ?? 0;
  const lineEnd = (part.lines[index + 1] ?? part.text.length + 1) - 1;
  const end = Math.min(span.end - part.start, lineEnd);
  const lineText = part.text.slice(lineStart, lineEnd);
  return {
    file: part.file,
    line: index + 1,
    column: offset - lineStart + 1,
    length: Math.max(end - offset, 1),
    lineText: lineText.endsWith('\r') ? lineText.slice(0, -1) : lineText,
  };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The last line that begins at `offset` or before. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
