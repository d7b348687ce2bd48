/** The same data as a table, as JSON or as YAML. */

import type { Sink } from '../terminal.ts';
import { escaped } from './style.ts';

export const FORMATS = ['table', 'json', 'yaml'] as const;

export type Format = (typeof FORMATS)[number];

/** A reader of YAML 1.1 takes a bare `no` or `2001-01-01` for something else than text. */
const YAML = { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 } as const;

/** Writes `data`, or what `table` makes of it. */
export async function emit(
  out: Sink,
  format: Format,
  data: unknown,
  table: () => string | Promise<string>,
): Promise<void> {
  if (format === 'json') out.write(escaped(`${JSON.stringify(data, undefined, 2)}\n`));
  else if (format === 'yaml') out.write(escaped((await import('./yaml.ts')).stringify(data, YAML)));
  else out.write(await table());
}

/** Columns as wide as their widest cell, two spaces between them, no borders. */
export async function columns(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const none = Object.fromEntries(
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left']
      .concat(['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'])
      .map((name) => [name, '']),
  );
  const table = new Table({
    head: [...head],
    chars: { ...none, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => [...row]));
  return `${table.toString().replace(/ +$/gm, '')}\n`;
}

/** `key  value` lines for one thing. */
export function fields(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([key]) => key.length));
  return entries.map(([key, value]) => `${key.padEnd(width)}  ${value}\n`).join('');
}
