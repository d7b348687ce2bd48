/** Expectations without a library, so that the suite runs wherever JavaScript does. */

import type { Errno } from '../../core/errno.ts';
import type { Result } from '../../core/result.ts';

/** A case that failed: the platform broke its contract. */
export class ExpectationError extends Error {
  override name = 'ExpectationError';
}

export function expectThat(condition: boolean, why: string): asserts condition {
  if (!condition) throw new ExpectationError(why);
}

export function expectEqual<T extends number | bigint | string | boolean | undefined>(
  got: T,
  want: T,
  what: string,
): void {
  expectThat(got === want, `${what}: expected ${String(want)}, got ${String(got)}`);
}

/** The value of a result that must be one. */
export function expectOk<T>(result: Result<T>, what: string): T {
  if (!result.ok) throw new ExpectationError(`${what}: ${result.error.errno} ${result.error.what}`);
  return result.value;
}

/** The result must be an error, one of `errnos` if any are given. */
export function expectError(result: Result<unknown>, what: string, ...errnos: Errno[]): void {
  if (result.ok)
    throw new ExpectationError(`${what}: expected ${errnos.join(' or ')}, got a value`);
  const { errno } = result.error;
  const wanted = errnos.length === 0 || errnos.includes(errno);
  expectThat(wanted, `${what}: expected ${errnos.join(' or ')}, got ${errno}`);
}

export function expectBytes(got: Uint8Array, want: Uint8Array, what: string): void {
  expectEqual(got.length, want.length, `${what}: length`);
  for (let i = 0; i < want.length; i++) {
    if (got[i] !== want[i]) expectEqual(got[i], want[i], `${what}: byte ${i}`);
  }
}

export function expectZeroed(got: Uint8Array, what: string): void {
  const at = got.findIndex((byte) => byte !== 0);
  expectThat(at === -1, `${what}: byte ${at} is ${got[at]}, not 0`);
}

/** A recognisable run of bytes: position and `salt` decide each. */
export function pattern(size: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >>> 8) * 7 + salt * 101) & 0xff;
  return bytes;
}
