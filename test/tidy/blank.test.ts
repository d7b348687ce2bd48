/** The light lexer blanks what is not code, and nothing else. */

import { expect, it } from 'vitest';
import { blanked } from './blank.ts';

const rows: [string, string, string][] = [
  ['a line comment', 'a // b\nc', 'a     \nc'],
  ['a block comment', 'a /* b\n c */ d', 'a     \n      d'],
  ['a string', 'f(\'any\', "b")', 'f(\'   \', " ")'],
  ['an escaped quote', "f('a\\'b') + c", "f('    ') + c"],
  ['a template', 'f(`ab`)', 'f(`  `)'],
  ['code in a template', '`a$_{b + `c$_{d}`}e`', '` $_{b + ` $_{d}`} `'],
  ['an object in a template', '`$_{f({ a })}b` + c', '`$_{f({ a })} ` + c'],
  ['a pattern', 'x = /a\'"[/]b/g; y', 'x = /       /g; y'],
  ['a pattern after a keyword', 'return /a/;', 'return / /;'],
  ['a division', 'a / b / c', 'a / b / c'],
  ['a division after a call', "f() / 2 + 'x'", "f() / 2 + ' '"],
  ['a slash in a string', "'//a' + b", "'   ' + b"],
];
it.each(rows)('blanks %s', (_, text, code) => {
  // Linters suspect a hole of a template in a plain string.
  const plain = (written: string) => written.replaceAll('_', '');
  expect(blanked(plain(text))).toBe(plain(code));
});
