/**
 * The world's errors as values: every call that can fail for a reason outside us returns a Result.
 */

import { AssertionError } from './assert.ts';
import type { Errno } from './errno.ts';

/** What failed (in words that name the thing) and Xen's or Unix's errno for it. */
export interface Failure {
  readonly errno: Errno;
  readonly what: string;
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Failure };

export function ok(): Result<void>;
export function ok<T>(value: T): Result<T>;
export function ok<T>(value?: T): Result<T | undefined> {
  return { ok: true, value };
}

export function fail(errno: Errno, what: string): { ok: false; error: Failure } {
  return { ok: false, error: { errno, what } };
}

/**
 * The value, or an AssertionError: for results that cannot fail where they stand (and in tests).
 */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new AssertionError(`${result.error.errno}: ${result.error.what}`);
  return result.value;
}
