import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { prng } from '../../core/prng.ts';
import { must } from '../../core/result.ts';
import { appendTo, openLineFile } from './line-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'xtl-lines-'));
const path = join(dir, 'file');
beforeEach(() => rmSync(path, { force: true }));
afterAll(() => rmSync(dir, { recursive: true }));

const note = (dropped: number): string => `${dropped} lines dropped`;

it('appends, for its owner alone', () => {
  const file = must(openLineFile(path, note));
  file.write('one');
  must(appendTo(path, 'two\n'));
  file.write('three');
  file.close();
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  rmSync(path);
  must(appendTo(path, 'x'));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

describe('a path with a mistake', () => {
  const rows: [string, () => string, string][] = [
    ['no such folder', () => join(dir, 'none/file'), 'ENOENT'],
    ['a place under /proc', () => '/proc/none/file', 'ENOENT'],
    ['a folder', () => dir, 'EISDIR'],
    ['a pipe that nobody reads', () => pipe(), 'ENXIO'],
  ];
  it.each(rows)('%s is an error that names it, and nothing is made', (_what, where, errno) => {
    const bad = where();
    const before = readdirSync(dir);
    for (const refused of [openLineFile(bad, note), appendTo(bad, 'x')]) {
      expect(refused).toMatchObject({ ok: false, error: { errno } });
      expect(refused.ok ? '' : refused.error.what).toContain(bad);
    }
    expect(readdirSync(dir)).toEqual(before);
  });
});

function pipe(): string {
  execFileSync('mkfifo', [path]);
  return path;
}

/** What is in the pipe now. */
function drain(fd: number): string {
  const into = Buffer.alloc(1 << 16);
  let text = '';
  for (;;) {
    try {
      const count = readSync(fd, into);
      if (count === 0) return text;
      text += into.toString('latin1', 0, count);
    } catch {
      return text;
    }
  }
}

describe('where there is no room', () => {
  it('is silent on a full disk', () => {
    const file = must(openLineFile('/dev/full', note));
    for (let i = 0; i < 1000; i++) file.write('x'.repeat(1000));
    file.close();
    expect(appendTo('/dev/full', 'x')).toMatchObject({ ok: false, error: { errno: 'ENOSPC' } });
  });

  it.each([1, 2, 3, 4])('writes whole lines, and how many are missing (seed %i)', (seed) => {
    const fd = openSync(pipe(), constants.O_RDWR | constants.O_NONBLOCK);
    const file = must(openLineFile(path, note));
    const random = prng(seed);
    let text = '';
    const lines = Array.from(
      { length: 4000 },
      (_, i) => `${i} ${'x'.repeat(random.below(random.chance(0.1) ? 9000 : 300))}`,
    );
    for (const [i, line] of lines.entries()) {
      file.write(line);
      if (random.below(1000) === 0 || i === lines.length - 1) text += drain(fd);
    }
    file.write('last');
    text += drain(fd);
    file.close();
    const read = text.split('\n');
    expect(read.pop()).toBe('');
    // Each line is one of ours, in order, or tells just how many were left out before it.
    let next = 0;
    for (const line of read) {
      const dropped = /^(\d+) lines dropped$/.exec(line);
      if (dropped !== null) next += Number(dropped[1]);
      else expect(line).toBe(lines[next++] ?? 'last');
    }
    expect(next).toBe(lines.length + 1);
    expect(read.length).toBeLessThan(lines.length);
    closeSync(fd);
  });

  it('tells at its end what was dropped', () => {
    const fd = openSync(pipe(), constants.O_RDWR | constants.O_NONBLOCK);
    const file = must(openLineFile(path, note));
    // A pipe takes 16 pages.
    for (let i = 0; i < 20; i++) file.write('x'.repeat(4095));
    drain(fd);
    file.close();
    expect(drain(fd)).toBe('4 lines dropped\n');
    closeSync(fd);
  });
});
