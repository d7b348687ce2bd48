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
  ['line ends of Windows in comments', '# a\r\na=1 # "b"\r\n', { a: '1' }],
  ['bytes that are not UTF-8', 'a="\udcff"', { a: '\udcff' }],
  ['more than a mebibyte', `# ${'x'.repeat(1_400_000)}\na=1`, { a: '1' }],
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
  ['a line end of Windows behind a #', 'a="#"\r\n', ['1:6+1 XTL-C011']],
  ['a byte order mark', '\ufeffa=1\n', ['1:1+1 XTL-C011']],
  [
    'a space that nobody sees',
    'a=\u00a01\nb\u200b=1\n\u3000c=1\n',
    ['1:3+1 XTL-C011', '2:2+1 XTL-C011', '3:1+1 XTL-C011'],
  ],
  ['a wrong character in front of the last newline', 'a=1\n?\n', ['2:1+1 XTL-C001']],
  ['a wrong character of two bytes at the end', 'a=1\nö', ['2:1+1 XTL-C001']],
  ['a second =', 'a == "x"\n', ['1:4+1 XTL-C003']],
  ['an item without quotes', 'a = [ b=c ]\n', ['1:7+3 XTL-C004']],
  [
    'items without quotes on lines of their own',
    'a=[\nb=c,\nd=e\n]\n',
    ['2:1+3 XTL-C004', '3:1+3 XTL-C004'],
  ],
  ['too many lists in lists', `a=${'['.repeat(70)}`, ['1:67+6 XTL-C012']],
  ['a list without its end', 'a=["x",\nb=1\nc=["y"', ['1:3+1 XTL-C013', '3:3+1 XTL-C013']],
  ['a file beyond 4 MiB', `a="${'x'.repeat(4 << 20)}"`, ['1:1+1 XTL-C011']],
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
  ['a = “m”', 'use straight quotes: "m"'],
  ['a = ‘m’', 'use straight quotes: "m"'],
  ['a = None', 'leave the key out: xl.cfg has no word for nothing'],
  ['memory = 64.0', 'write 64: numbers are whole'],
  ['memory = 64 MB', 'a number has no unit: memory is in MiB'],
  [
    'a = """x"""',
    'a string has one quote at each end, and strings are not joined: write one string',
  ],
  ['a = "x" % "y"', 'xl.cfg is no Python: there are only keys and values'],
  ['extra == "x"', 'remove the second ='],
  ['a = 1, b = 2', 'put the next setting on a new line or after a semicolon'],
  ['a = 1,', 'remove the comma'],
  ['memory: 64', 'write = in place of :'],
  ['{"memory": 64}', 'xl.cfg is no JSON: a setting is key = value'],
  ['vif = [ bridge=br0 ]', 'write "bridge=br0"'],
  ['a =\u00a01', 'outside quotes xl knows only spaces and tabs: type the line anew'],
  ['\ufeffa = 1', 'save it as UTF-8 without one'],
  ['a = 1 b = 2', 'put the next setting on a new line or after a semicolon'],
];

test.each(hints)('%s gets a hint', (text, hint) => {
  const [problem] = read(`${text}\n`).problems;
  expect(problem?.hint).toBe(hint);
});

const LOST = ['A', '"', '?', '$', '\\', '-', '+', '\r', '\udcff'];

test.each(LOST)('%j as the last byte of all is passed over, as by xl, with a warning', (end) => {
  for (const before of ['a=1\n', 'a=1 ', 'a=[1]']) {
    const config = read(`${before}${end}`);
    expect(config.problems.map((p) => [p.severity, p.code])).toEqual([['warning', 'XTL-C014']]);
    expect([...config.settings.keys()]).toEqual(['a']);
  }
});

test('a file of anything is read in one pass, however many its faults are', () => {
  const config = read('?!\n'.repeat(300_000));
  expect(config.problems).toHaveLength(300_000);
  expect(config.problems.at(-1)?.line).toBe(300_000);
});

test('a file with a zero byte is no text: that is all there is to say', () => {
  expect(read('Q\n\0\nQ\n').problems.map((p) => p.message)).toEqual(['the file holds a zero byte']);
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
