/** How problems look. */

import { expect, test } from 'vitest';
import { readSpec } from '../../shared/domain/spec/read-spec.ts';
import { readConfig } from '../../shared/domain/xl-cfg/config.ts';
import { joinSources } from '../../shared/domain/xl-cfg/sources.ts';
import { fakeTerminal } from '../testing/bundled.ts';
import { countProblems, renderProblems } from './diagnostics.ts';
import { styleFor } from './style.ts';

const render = (text: string, overrides: string[] = [], isTty = false, env = {}): string => {
  const { problems } = readSpec(readConfig(joinSources('vm.cfg', text, overrides)));
  return renderProblems(problems, styleFor(fakeTerminal({ isTty }).err, env));
};

const BASE = 'name="x"\ntype="pvh"\nkernel="/k"\n';

test('a problem shows its place, its line, a caret run and a hint', () => {
  expect(render(`${BASE}\tmemory = 512m\n`)).toBe(
    [
      'vm.cfg:4:11: error: 512m is neither a number nor in quotes [XTL-C004]',
      '  4 |  memory = 512m',
      '                ^^^^',
      '  hint: a number has no unit: memory is in MiB',
      '',
    ].join('\n'),
  );
});

test('a problem of an argument shows the argument', () => {
  expect(render(`${BASE}memory=1\n`, ['vcpus=2', 'vcpus=900'])).toBe(
    [
      'argument 2:1:7: error: vcpus must be from 1 to 128, not 900 [XTL-C023]',
      '  1 | vcpus=900',
      '            ^^^',
      '  hint: Xen gives a guest at most 128',
      '',
    ].join('\n'),
  );
});

test('a problem of the whole file shows no line', () => {
  expect(render('name="x"\ntype="pvh"\nmemory=1\n')).toBe(
    'vm.cfg: error: kernel is not set [XTL-C020]\n  hint: write kernel = "/path/of/a/vmlinuz"\n',
  );
});

test('a long line shows what is around the fault', () => {
  const [, line = '', carets = ''] = render(`${BASE}memory=1;extra="${'x'.repeat(500)}" y\n`).split(
    '\n',
  );
  expect(line.length).toBeLessThan(180);
  expect(line[carets.indexOf('^')]).toBe('y');
});

test('control characters of the file do not reach the terminal', () => {
  expect(render(`${BASE}memory=1\nx\x1b[2J\n`)).not.toContain('\x1b');
});

test.each([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
])('on a terminal %s with %o colour is %s', (isTty, env, colour) => {
  expect(render('', [], isTty, env).includes('\x1b[31m')).toBe(colour);
});

test('errors and warnings are counted', () => {
  const { problems } = readSpec(readConfig(joinSources('vm.cfg', 'kernel="/k"\n')));
  expect(countProblems(problems)).toBe('2 errors and 1 warning');
  expect(countProblems(problems.slice(0, 1))).toBe('1 error');
});
