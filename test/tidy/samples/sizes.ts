/** Samples of the rules about sizes. */

import { type Sample, samplesOf } from './sample.ts';

const file = (lines: number) => 'x();\n'.repeat(lines);
const body = (lines: number) => `{\n${'  x();\n'.repeat(lines - 2)}}`;

const files = samplesOf('files are short, or say why not', [
  ['a file above the soft limit', { 'a.ts': file(301) }, 'a.ts:301'],
  ['a file above the hard limit', { 'a.c': file(501) }, 'a.c:501'],
  ['a file at the limit', { 'a.ts': file(300) }],
]);

const median = samplesOf('the median file is short', [
  ['long files', { 'a.ts': file(200), 'b.ts': file(130), 'c.ts': file(5) }, '.:1'],
  ['short files', { 'a.ts': file(200), 'b.ts': file(119), 'c.ts': file(5) }],
]);

const functions = samplesOf('functions have at most 70 lines', [
  ['a long function', { 'a.ts': `function f(): void ${body(71)}` }, 'a.ts:1'],
  ['a long arrow function', { 'a.ts': `\nconst f = (a: A) => ${body(71)};` }, 'a.ts:2'],
  ['a long method', { 'a.ts': `const x = {\n  f(a): B<C> ${body(71)},\n};` }, 'a.ts:2'],
  ['a type in braces', { 'a.ts': `function f(): { a: b } ${body(71)}` }, 'a.ts:1'],
  ['a function at the limit', { 'a.ts': `function f() ${body(70)}` }],
  ['a long table', { 'a.ts': `const t = ${body(99)};` }],
  ['a long suite', { 'a.test.ts': `describe('x', () => ${body(99)});` }],
  [
    'braces in strings and patterns',
    { 'a.ts': `function f() { return '{' + /[{]/; }\n${file(99)}` },
  ],
]);

const columns = samplesOf('lines have at most 100 columns', [
  ['a wide line', { 'a.ts': `\n${'x'.repeat(101)}` }, 'a.ts:2'],
  ['a line at the limit', { 'a.ts': 'ü'.repeat(100) }],
]);

export const sizeSamples: readonly Sample[] = [...files, ...median, ...functions, ...columns];
