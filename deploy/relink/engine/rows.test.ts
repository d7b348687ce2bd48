import { expect, test } from 'vitest';
import { trimRows } from './rows.ts';

const TABLE = [
  'static const JSCFunctionListEntry js_thing_funcs[] = {',
  '    JS_CFUNC_DEF("keep", 1, js_thing_keep ),',
  '    JS_CFUNC_MAGIC_DEF("drop", 1, js_thing_magic, 0 ),',
  '    JS_CGETSET_DEF("size", js_get, NULL ),',
  '    JS_ALIAS_DEF("alias", "base" ),',
  '    JS_CFUNC_DEF("base", 1, js_thing_base ),',
  '    JS_ALIAS_BASE_DEF("other", "unnamed", 0 ),',
  '    JS_CFUNC_DEF2("unnamed", 1, js_thing_base, 3 ),',
  '    JS_CFUNC_DEF("[Symbol.iterator]", 0, js_thing_iterator ),',
  '#ifdef CONFIG_ATOMICS',
  '    JS_PROP_INT32_DEF("LIMIT", 3, 0 ),',
  '#endif',
  '};',
  '    JS_CFUNC_DEF("drop", 1, outside ),',
].join('\n');

const without = (...rows: string[]): string =>
  TABLE.split('\n')
    .filter((line, i) => i === 13 || !rows.some((row) => line.includes(`"${row}"`)))
    .join('\n');

test.each([
  ['all named', ['keep', 'drop', 'size', 'alias', 'base', 'other', 'unnamed', 'LIMIT'], []],
  ['a method', ['keep'], ['drop', 'size', 'alias', 'base', 'other', 'unnamed', 'LIMIT']],
  [
    'an alias, and what it stands for',
    ['alias'],
    ['keep', 'drop', 'size', 'other', 'unnamed', 'LIMIT'],
  ],
  [
    'what an alias stands for',
    ['base'],
    ['keep', 'drop', 'size', 'alias', 'other', 'unnamed', 'LIMIT'],
  ],
  [
    'a getter and a constant',
    ['size', 'LIMIT'],
    ['keep', 'drop', 'alias', 'base', 'other', 'unnamed'],
  ],
])('where %s is named the other rows are left out', (_, names, left) => {
  const trimmed = trimRows(TABLE, new Set(names));
  expect(trimmed.source).toBe(without(...left));
  expect(trimmed.left).toEqual(left);
});
