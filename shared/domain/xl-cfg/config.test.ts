/** What xl's grammar accepts, and what is said about everything else. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Config, readConfig, type Value } from './config.ts';
import { joinSources } from './sources.ts';

type Plain = string | Plain[];

const plain = (value: Value): Plain =>
  value.kind === 'string' ? value.text : value.items.map(plain);

const read = (text: string, ...overrides: string[]): Config =>
  readConfig(joinSources('vm.cfg', text, overrides));

const settings = (config: Config): Record<string, Plain> =>
  Object.fromEntries([...config.settings].map(([name, { value }]) => [name, plain(value)]));

const faults = (config: Config): string[] =>
  config.problems.map((p) => `${p.line}:${p.column}+${p.length} ${p.code}`);

const accepted: [string, string, Record<string, Plain>][] = [
  ['numbers keep their spelling', 'a=1\nb = 0x1f', { a: '1', b: '0x1f' }],
  ['both kinds of quotes', `a='x "y"'\nb="it's"`, { a: 'x "y"', b: "it's" }],
  ['escapes of C', '\ta = "1\\t2\\n\\\\\\"\\\'"\n', { a: '1\t2\n\\"\'' }],
  ['semicolons end statements', 'a=1;b=2;;\n;c=3', { a: '1', b: '2', c: '3' }],
  ['comments on lines and behind values', '# one\na=1 # two\n', { a: '1' }],
  [
    'lists over lines with comments and a last comma',
    'a=[ "x", # c\n\n 2,\n]\n',
    { a: ['x', '2'] },
  ],
  ['lists in lists', 'a = [ ["x", "y"], [], "z" ]', { a: [['x', 'y'], [], 'z'] }],
  ['dots and underscores in keys', 'a.b_c9 = 1', { 'a.b_c9': '1' }],
  ['the last of two settings', 'a=1\na=2', { a: '2' }],
  ['strings added together', 'a="x"\na+="y"\na += "z"', { a: 'xyz' }],
  ['lists added together', 'a=["x"]\na+=["y","z"]\n', { a: ['x', 'y', 'z'] }],
  ['addition to nothing', 'a+="x"', { a: 'x' }],
  ['an octal escape as nothing, like xl', 'a="x\\012y"', { a: 'xy' }],
  ['a bare # at the very end', 'a=1\n#', { a: '1' }],
  ['nothing at all', '', {}],
  ['spaces alone', '  \n\t\n', {}],
  ['text beyond ASCII', 'a="größe ☃"', { a: 'größe ☃' }],
];

test.each(accepted)('a configuration holds %s', (_, text, wanted) => {
  const config = read(text);
  expect(config.problems.filter((p) => p.severity === 'error')).toEqual([]);
  expect(settings(config)).toEqual(wanted);
});

const refused: [string, string, string[]][] = [
  ['a key in capitals', 'Memory = 1\n', ['1:1+10 XTL-C001']],
  ['a key alone', 'a\nb "x"\n', ['1:1+1 XTL-C002', '2:1+5 XTL-C002']],
  ['no value', 'a =\nb = # c\n', ['1:4+1 XTL-C003', '2:5+1 XTL-C003']],
  ['a word without quotes', 'kernel = /boot/x y\n', ['1:10+7 XTL-C004']],
  ['a number with a unit', 'memory = 512m\n', ['1:10+4 XTL-C004']],
  ['a negative number', 'a=-1\n', ['1:3+2 XTL-C004']],
  ['a string without its end', 'a="x\nb=\'y"\n', ['1:3+2 XTL-C005', '2:3+3 XTL-C005']],
  ['an escape unknown to xl', 'a="x\\q\\x41"', ['1:5+2 XTL-C006', '1:7+2 XTL-C006']],
  ['an octal escape too short', 'a="\\12"', ['1:4+3 XTL-C006']],
  ['no comma between values', 'a=["x" "y"]', ['1:8+3 XTL-C007']],
  ['a comma without a value', 'a=[,"x",,]', ['1:4+1 XTL-C007', '1:9+1 XTL-C007']],
  ['a semicolon in a list', 'a=["x";"y"]', ['1:7+1 XTL-C007']],
  ['text after a value', 'a=1 b=2\n', ['1:5+3 XTL-C008']],
  ['a list added to a string', 'a="x"\na+=["y"]', ['2:4+5 XTL-C009']],
  ['a last comment without newline', 'a=1\n# end', ['2:1+5 XTL-C010']],
  ['Windows line ends, once', 'a=1\r\nb=2\r\n', ['1:4+1 XTL-C011']],
  ['a zero byte', 'a="\0"', ['1:4+1 XTL-C011']],
  ['bytes that are not UTF-8', 'a="\ufffd" # \ufffd\n', ['1:3+3 XTL-C011']],
  ['too many lists in lists', `a=${'['.repeat(70)}`, ['1:67+6 XTL-C012']],
  ['a list without its end', 'a=["x",\nb=1\nc=["y"', ['1:3+1 XTL-C013', '3:3+1 XTL-C013']],
  ['a file beyond a mebibyte', `a="${'x'.repeat(1 << 20)}"`, ['1:1+1 XTL-C011']],
];

test.each(refused)('%s is blamed where it stands', (_, text, wanted) => {
  const config = read(text);
  const found = faults(config).filter((f) => !text.startsWith('a=[[') || f.endsWith('C012'));
  expect(found).toEqual(wanted);
});

test('one reading reports every mistake and keeps what is right', () => {
  const config = read('a=/x\nb=1\nC=2\nd="3\ne=[4\nf=5\n');
  expect(faults(config)).toEqual([
    '1:3+2 XTL-C004',
    '3:1+3 XTL-C001',
    '4:3+2 XTL-C005',
    '5:3+1 XTL-C013',
  ]);
  expect(settings(config)).toEqual({ b: '1', e: ['4'], f: '5' });
  expect([...config.broken]).toEqual(['a', 'c', 'd']);
});

test('overrides come after the file and are blamed by their argument', () => {
  const config = read('a=1\nb=1', 'a=2', 'b=x', 'c');
  expect(settings(config)).toEqual({ b: '1', a: '2' });
  expect(config.problems.map((p) => [p.file, p.line, p.column, p.lineText])).toEqual([
    ['argument 2', 1, 3, 'b=x'],
    ['argument 3', 1, 1, 'c'],
  ]);
});

test('an open list at the end of the file is blamed there, and overrides still count', () => {
  const config = read('a=["x"', 'b=2');
  expect(config.problems.map((p) => [p.file, p.line, p.column])).toEqual([['vm.cfg', 1, 3]]);
  expect(settings(config)).toEqual({ a: ['x'], b: '2' });
});

const hints: [string, string][] = [
  ['Name = "x"', 'write it as name'],
  ['acpi = True', "write 1: xl's booleans are 0 and 1"],
  ['acpi = no', "write 0: xl's booleans are 0 and 1"],
  ['memory = 4GB', 'a number has no unit: memory is in MiB'],
  ['a = -1', 'write "-1": a negative number needs quotes'],
  ['kernel = /boot/x', 'write "/boot/x"'],
  ['import os', 'xl.cfg is no Python: there are only keys and values'],
  ['a = "x" y', 'a comment starts with #'],
  ['a = "x" + y', 'xl.cfg is no Python: there are only keys and values'],
  ['a = 1 b = 2', 'put the next setting on a new line or after a semicolon'],
];

test.each(hints)('%s gets a hint', (text, hint) => {
  const [problem] = read(`${text}\n`).problems;
  expect(problem?.hint).toBe(hint);
});

test('no text makes the reader throw, and every problem points into its line', () => {
  const pieces = [
    'a',
    '=',
    '+=',
    '[',
    ']',
    ',',
    '"',
    "'",
    '\\',
    '#',
    '\n',
    ';',
    '1',
    ' ',
    'b',
    'é',
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 60 });
  fc.assert(
    fc.property(text, fc.array(fc.string(), { maxLength: 2 }), (parts, overrides) => {
      for (const p of read(parts.join(''), ...overrides).problems) {
        expect(p.line).toBeGreaterThan(0);
        expect(p.column).toBeGreaterThan(0);
        expect(p.column).toBeLessThanOrEqual(p.lineText.length + 1);
        expect(p.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 500 },
  );
});

test('what is quoted by the rules is read back', () => {
  const quote = (s: string): string => `"${s.replace(/["\\]/g, (c) => `\\${c}`)}"`;
  const word = fc.string({ unit: 'binary' }).map((s) => s.replace(/[\n\r\0\ufffd]/g, ''));
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const config = read(`a = [ ${words.map(quote).join(', ')} ]\n`);
      expect(config.problems).toEqual([]);
      expect(settings(config)).toEqual({ a: words });
    }),
  );
});
