/** How problems look. */

import { expect, test } from 'vitest';
import { readSpec } from '../../shared/domain/spec/read-spec.ts';
import { readConfig } from '../../shared/domain/xl-cfg/config.ts';
import { joinSources } from '../../shared/domain/xl-cfg/sources.ts';
import { fakeTerminal } from '../testing/bundled.ts';
import { countProblems, renderProblems } from './diagnostics.ts';
import { styleFor } from './style.ts';

const render = (
  text: string,
  overrides: string[] = [],
  isTty = false,
  env = {},
): Promise<string> => {
  const { problems } = readSpec(readConfig(joinSources('vm.cfg', text, overrides)));
  return renderProblems(problems, styleFor(fakeTerminal({ isTty }).err, env));
};

const BASE = 'name="x"\ntype="pvh"\nkernel="/k"\n';

test('a problem shows its place, its line, a caret run and a hint', async () => {
  expect(await render(`${BASE}\tmemory = 512m\n`)).toBe(
    [
      'vm.cfg:4:11: error: 512m is neither a number nor in quotes [XTL-C004]',
      '  4 |  memory = 512m',
      '                ^^^^',
      '  hint: a number has no unit: memory is in MiB',
      '',
    ].join('\n'),
  );
});

test('a problem of an argument shows the argument', async () => {
  expect(await render(`${BASE}memory=1\n`, ['vcpus=2', 'vcpus=900'])).toBe(
    [
      'argument 2:1:7: error: vcpus must be from 1 to 128, not 900 [XTL-C023]',
      '  1 | vcpus=900',
      '            ^^^',
      '  hint: Xen gives a guest at most 128',
      '',
    ].join('\n'),
  );
});

test('a problem of the whole file shows no line', async () => {
  expect(await render('name="x"\ntype="pvh"\nmemory=1\n')).toBe(
    'vm.cfg: error: kernel is not set [XTL-C020]\n  hint: write kernel = "/path/of/a/vmlinuz"\n',
  );
});

test('a long line shows what is around the fault', async () => {
  const [, line = '', carets = ''] = (
    await render(`${BASE}memory=1;extra="${'x'.repeat(500)}" y\n`)
  ).split('\n');
  expect(line.length).toBeLessThan(180);
  expect(line[carets.indexOf('^')]).toBe('y');
});

test('control characters of the file do not reach the terminal', async () => {
  expect(await render(`${BASE}memory=1\nx\x1b[2J\n`)).not.toContain('\x1b');
});

test('a bad name cannot turn the line round, nor hide in it', async () => {
  const text = await render(`${BASE}memory=1\nx\u202e\u200b\u2066y\n`);
  expect(text).toContain('5 | x\ufffd\ufffd\ufffdy\n');
});

test.each([
  ['extra="漢字" y', 13, 'y'],
  ['extra="ａｂ"; vcpus=0', 20, '0'],
  ['extra="e\u0301\u0301" y', 10, 'y'],
  ['extra="👩‍👩‍👧" y', 11, 'y'],
  ['vcpus=漢字', 6, '漢字'],
])(
  'carets stand under the fault of %s, whatever is wide before it',
  async (line, column, fault) => {
    const [, shown = '', carets = ''] = (await render(`${BASE}memory=1\n${line}\n`)).split('\n');
    expect(shown).toBe(`  5 | ${line}`);
    expect(carets.indexOf('^')).toBe('  5 | '.length + column);
    expect(carets.trim().length).toBe(fault === '漢字' ? 4 : 1);
  },
);

const unknown = (count: number): string =>
  Array.from({ length: count }, (_, i) => `frob${i}=1\n`).join('');

test('of many problems the first are shown, errors first, and the rest is counted', async () => {
  const text = await render(`${unknown(15)}${'X=1\n'.repeat(3)}${'Y\n'.repeat(30_000)}`);
  expect(text.match(/: error: /g)).toHaveLength(20);
  expect(text).not.toContain('warning:');
  expect(text).toMatch(/\n\.\.\. and 29986 errors and 16 warnings more\n$/);
  const few = await render(`${unknown(30)}${BASE}memory=1\nX=1\n`);
  expect(few.match(/: error: /g)).toHaveLength(1);
  expect(few.match(/: warning: /g)).toHaveLength(19);
  expect(few).toMatch(/\n\.\.\. and 11 warnings more\n$/);
});

test.each([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
])('on a terminal %s with %o colour is %s', async (isTty, env, colour) => {
  expect((await render('', [], isTty, env)).includes('\x1b[31m')).toBe(colour);
});

test('errors and warnings are counted', () => {
  const { problems } = readSpec(readConfig(joinSources('vm.cfg', 'kernel="/k"\n')));
  expect(countProblems(problems)).toBe('2 errors and 1 warning');
  expect(countProblems(problems.slice(0, 1))).toBe('1 error');
});
