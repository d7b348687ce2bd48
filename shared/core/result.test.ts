import { expect, it } from 'vitest';
import { AssertionError, assert, unreachable } from './assert.ts';
import { fail, must, ok } from './result.ts';

it('a value and no value are both success', () => {
  expect(ok(5)).toEqual({ ok: true, value: 5 });
  expect(ok()).toEqual({ ok: true, value: undefined });
});

it('a failure names its errno and the thing', () => {
  expect(fail('ENOENT', 'no domain 5')).toEqual({
    ok: false,
    error: { errno: 'ENOENT', what: 'no domain 5' },
  });
});

it('must gives the value of a success', () => {
  expect(must(ok('x'))).toBe('x');
  expect(must(ok())).toBe(undefined);
});

it('must throws an AssertionError that says what failed', () => {
  const failing = () => must(fail('EPERM', 'domain 3'));
  expect(failing).toThrow(AssertionError);
  expect(failing).toThrow('EPERM: domain 3');
});

it('assert passes what is true and throws for what is not', () => {
  expect(() => assert(1, 'never seen')).not.toThrow();
  for (const falsy of [false, 0, '', undefined, null]) {
    expect(() => assert(falsy, 'seen')).toThrow(AssertionError);
  }
});

it('unreachable throws with the value that came nevertheless', () => {
  expect(() => unreachable('other' as never)).toThrow('unreachable: other');
});
