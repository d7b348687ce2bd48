/** Paths, numbers and permissions are read as C xenstored reads them. */

import { describe, expect, it } from 'vitest';
import { atoi, strtoulWhole } from './c-number.ts';
import { absolute, baseOf, childOf, isValidPath, isWithin, parentOf } from './paths.ts';
import { formatPermission, parsePermission } from './permissions.ts';

const long = (n: number) => `/${'x'.repeat(n - 1)}`;

describe('paths', () => {
  it.each<[string, boolean]>([
    ['/', true],
    ['/a', true],
    ['/a/b-c_d@e/0', true],
    ['', false],
    ['a', false],
    ['@releaseDomain', false],
    ['//', false],
    ['/a/', false],
    ['/a//b', false],
    ['/a b', false],
    ['/a+b', false],
    ['/a.b', false],
    ['/a\0b', false],
    ['/\xe9', false],
    ['/\u0141', false],
    [long(2048), true],
    [long(2049), false],
    [`/local/domain/5/${'x'.repeat(2048)}`, true],
    [`/local/domain/5/${'x'.repeat(2049)}`, false],
    [`/local/domain/12345/${'x'.repeat(2048)}`, true],
    [`/local/domain/123456/${'x'.repeat(2040)}`, false],
    [`/local/domain/-123/${'x'.repeat(2048)}`, true],
    [`/local/domain/x/${'x'.repeat(2040)}`, false],
    ['/local/domain/', false],
  ])('%j is valid: %s', (path, valid) => {
    expect(isValidPath(path)).toBe(valid);
  });

  it('takes paths apart and together', () => {
    expect(['/', '/a', '/a/b'].map(parentOf)).toEqual(['/', '/', '/a']);
    expect(['/', '/a', '/a/b'].map(baseOf)).toEqual(['', 'a', 'b']);
    expect([childOf('/', 'a'), childOf('/a', 'b')]).toEqual(['/a', '/a/b']);
    expect(['x', '/x', '@x', ''].map((p) => absolute(p, '/l'))).toEqual([
      '/l/x',
      '/x',
      '@x',
      '/l/',
    ]);
  });

  it.each<[string, string, boolean]>([
    ['/a', '/a', true],
    ['/a/b', '/a', true],
    ['/ab', '/a', false],
    ['/', '/', true],
    ['/a', '/', true],
    ['/a', '/a/b', false],
  ])('%s lies within %s: %s', (path, above, within) => {
    expect(isWithin(path, above)).toBe(within);
  });
});

describe('numbers as C reads them', () => {
  it.each<[string, number | undefined]>([
    ['0', 0],
    ['12', 12],
    [' 7', 7],
    ['+7', 7],
    ['-1', 0xffffffff],
    ['0x1F', 31],
    ['010', 8],
    ['08', undefined],
    ['0x', undefined],
    ['', undefined],
    ['7 ', undefined],
    ['1e3', undefined],
    ['4294967297', 1],
    ['99999999999999999999999', 0xffffffff],
    ['-99999999999999999999999', 0],
  ])('strtol takes %j as %s', (text, value) => {
    expect(strtoulWhole(text)).toBe(value);
  });

  it.each<[string, number]>([
    ['5', 5],
    ['5x', 5],
    ['x', 0],
    ['', 0],
    [' -3', -3],
    ['0x10', 0],
    ['010', 10],
    ['2147483648', -2147483648],
  ])('atoi takes %j as %d', (text, value) => {
    expect(atoi(text)).toBe(value);
  });
});

describe('permissions', () => {
  it('survive the wire', () => {
    for (const text of ['n0', 'r5', 'w32751', 'b1']) {
      const parsed = parsePermission(text);
      expect(parsed.ok && formatPermission(parsed.value)).toBe(text);
    }
  });

  it.each(['', 'r', 'x1', 'R1', 'r1x', 'r '])('%j is none', (text) => {
    expect(parsePermission(text)).toMatchObject({ ok: false, error: { errno: 'EINVAL' } });
  });

  it('print a domid beyond an int as C prints it', () => {
    expect(formatPermission({ domid: 0xffffffff, access: 'r' })).toBe('r-1');
  });
});
