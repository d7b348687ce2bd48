/**
 * The table by which a stub domain tells positions of the sources (shared/kernel/host/positions.h):
 * esbuild's source map, less the columns of the sources.
 */

export interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

/** A position of the script, from which on the source and its line are these. All from 0. */
export interface Segment {
  readonly line: number;
  readonly column: number;
  readonly source: number;
  readonly sourceLine: number;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * The numbers of one segment of a source map: base 64, least digit first, the sign in the lowest
 * bit.
 */
function decodeNumbers(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const char of segment) {
    const digit = DIGITS.indexOf(char);
    if (digit < 0) throw new Error(`a source map with the character ${char}`);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = shift = 0;
  }
  return numbers;
}

/** The segments that change the source or its line, in order. */
export function segmentsOf(mappings: string): Segment[] {
  const found: Segment[] = [];
  let source = 0;
  let sourceLine = 0;
  mappings.split(';').forEach((text, line) => {
    let column = 0;
    for (const segment of text.split(',')) {
      const [columns = 0, sources, lines] = decodeNumbers(segment);
      if (segment === '') continue;
      column += columns;
      if (sources === undefined || lines === undefined) continue;
      source += sources;
      sourceLine += lines;
      const last = found.at(-1);
      if (last?.source === source && last.sourceLine === sourceLine) continue;
      found.push({ line, column, source, sourceLine });
    }
  });
  return found;
}

function pushNumber(into: number[], number: number): void {
  let rest = number >>> 0;
  for (; rest > 127; rest >>>= 7) into.push((rest & 127) | 128);
  into.push(rest);
}

function pushDifference(into: number[], difference: number): void {
  pushNumber(into, (difference << 1) ^ (difference >> 31));
}

/** The table of a source map (JSON). */
export function positionTable(map: string): Uint8Array {
  const { sources, mappings }: SourceMap = JSON.parse(map);
  const bytes: number[] = [sources.length & 255, sources.length >> 8];
  for (const source of sources) bytes.push(...new TextEncoder().encode(source), 0);
  // The kernel counts from 1, and a line's first column from 1 again.
  let at: Segment = { line: 0, column: 0, source: 0, sourceLine: 0 };
  for (const segment of segmentsOf(mappings)) {
    pushNumber(bytes, segment.line - at.line);
    pushNumber(bytes, segment.column - (segment.line === at.line ? at.column : 0));
    pushDifference(bytes, segment.source - at.source);
    pushDifference(bytes, segment.sourceLine - at.sourceLine);
    at = segment;
  }
  return Uint8Array.from(bytes);
}
