/** `xtl explain`: a key of xl.cfg in a few lines, from the table that also validates. */

import { KEYS, type KeyDoc, type KeyStatus } from '../../shared/domain/spec/keys.ts';
import { nearest } from '../../shared/domain/spec/nearest.ts';
import type { Context } from '../context.ts';
import { DONE, EXIT, failure, type Outcome } from '../output/exit.ts';
import { columns, emit, type Format, fields } from '../output/format.ts';
import type { Options } from '../table.ts';

const STATUS: Readonly<Record<KeyStatus, string>> = {
  now: 'xtl acts on it',
  later: 'comes later; with a warning, the VM is made without it',
  refused: 'comes later; until then xtl makes no VM that asks for it',
  'other type': 'has no effect on a pvh guest',
  gone: 'has no effect any more, in xl either',
};

export async function explain(
  context: Context,
  [word]: readonly string[],
  options: Options,
): Promise<Outcome> {
  const { out } = context.terminal;
  const format = options.output as Format;
  if (word === undefined) {
    const all = [...KEYS.values()];
    await emit(out, format, all, () => listing(all));
    return DONE;
  }
  const key = KEYS.get(word);
  if (key === undefined) {
    const near = nearest(word, KEYS.keys());
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    return failure(EXIT.notFound, `xl.cfg has no key '${word}'${hint}`);
  }
  await emit(out, format, key, () => page(key));
  return DONE;
}

function listing(all: readonly KeyDoc[]): Promise<string> {
  return columns(
    ['KEY', 'TYPE', 'STATUS', 'MEANING'],
    all.map(({ name, type, status, doc }) => [name, type, status, doc]),
  );
}

function page(key: KeyDoc): string {
  const { name, doc, type, unit, values, fallback, example, since, status, stricter } = key;
  const known: [string, string | undefined][] = [
    ['type', type],
    ['unit', unit],
    ['values', values?.join(', ')],
    ['default', fallback],
    ['example', example === undefined ? undefined : `${name} = ${quoted(type, example)}`],
    ['since', since === undefined ? undefined : `Xen ${since}`],
    ['status', STATUS[status]],
    ['stricter', stricter],
  ];
  const lines = known.flatMap(([label, value]): [string, string][] =>
    value === undefined ? [] : [[`  ${label}`, value]],
  );
  return `${name}: ${doc}\n\n${fields(lines)}`;
}

function quoted(type: KeyDoc['type'], example: string): string {
  return type === 'string' ? `"${example}"` : example;
}
