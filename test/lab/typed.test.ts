// Commands on a guest's console: quoted for its shell, and found again in what the terminal shows.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { typed } from './typed.ts';

/** What a terminal shows: the echo of the line, then what the shell printed, with \r\n. */
const terminal = (line: string): string => {
  const { stdout } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
  return `xtl-guest# ${line}${stdout}xtl-guest# `.replaceAll('\n', '\r\n');
};

describe('a command typed to a real shell', () => {
  it.each([
    ['prints', 'echo a; echo b', 'a\nb\n', 0],
    ['prints no end of line', 'printf abc', 'abc', 0],
    ['fails', 'false', '', 1],
    ['ends with another status', '(exit 42)', '', 42],
    ['has quotes', `echo "it's" 'a "b"'`, 'it\'s a "b"\n', 0],
    ['has a comment', 'echo a # b', 'a\n', 0],
    ['prints what looks like a mark', "echo '<m2x:0>'", '<m2x:0>\n', 0],
  ])('that %s', (_, command, stdout, code) => {
    const { line, parse } = typed(command, 'm1x');
    expect(parse(terminal(line))).toEqual({ stdout, code });
  });
});

it('the echo of the line alone is no answer', () => {
  const { line, parse } = typed('ls', 'm1x');
  expect(parse(`xtl-guest# ${line}`)).toBeUndefined();
  expect(parse(terminal(line).slice(0, -30))).toBeUndefined();
});

it.each([
  ['two lines', 'a\nb', 'one line at a time'],
  ['more than a terminal takes', 'x'.repeat(2001), 'at most 2000 bytes'],
])('refuses %s', (_, command, why) => {
  expect(() => typed(command, 'm1x')).toThrow(why);
});
