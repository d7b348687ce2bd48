/** What happened, a line each: the same for the same seed. */

import type { Result } from '../../core/result.ts';

export interface Trace {
  readonly lines: readonly string[];
  add(nowNs: number, line: string): void;
}

/** Lines kept; older ones are dropped, so that a long simulation has a bounded memory. */
const KEPT = 200_000;

export function trace(): Trace {
  const lines: string[] = [];
  return {
    lines,
    add(nowNs, line) {
      if (lines.length >= KEPT) lines.splice(0, KEPT / 2);
      lines.push(`${(nowNs / 1e6).toFixed(6)} ${line}`);
    },
  };
}

/** Any value that crosses a port, short. */
export function show(value: unknown): string {
  if (value === undefined) return '-';
  if (typeof value === 'function') return 'function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return `bytes(${value.byteLength})`;
  if (Array.isArray(value)) return showList(value);
  if (value instanceof Promise) return 'later';
  if ('ok' in value) return showResult(value as Result<unknown>);
  const fields = Object.entries(value).map(([name, field]) => `${name}=${show(field)}`);
  return `{${fields.join(' ')}}`;
}

function showResult(result: Result<unknown>): string {
  return result.ok ? show(result.value) : result.error.errno;
}

function showList(values: readonly unknown[]): string {
  const shown = values.slice(0, 4).map(show).join(' ');
  return values.length > 4 ? `[${shown} .. ${values.length}]` : `[${shown}]`;
}
