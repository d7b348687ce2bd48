/** Whole numbers as libxlu reads them: strtol with base 0 on a 64-bit host. */

const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

export type IntegerFault = 'not-a-number' | 'octal' | 'too-large';

export type Integer =
  | { readonly ok: true; readonly value: bigint }
  | { readonly ok: false; readonly why: IntegerFault };

/**
 * Decimal, hexadecimal with 0x, octal with a leading 0; leading white space and a sign are
 * accepted, anything after the digits is not (xlu_cfg_get_bounded_long in libxlu_cfg.c @
 * RELEASE-4.17.0).
 */
export function parseInteger(text: string): Integer {
  const match = /^[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(text);
  if (match === null) return { ok: false, why: 'not-a-number' };
  const [, sign, digits = ''] = match;
  if (digits.length > 64) return { ok: false, why: 'too-large' };
  const octal = /^0[0-9]/.test(digits);
  if (octal && /[89]/.test(digits)) return { ok: false, why: 'octal' };
  const magnitude = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  const value = sign === '-' ? -magnitude : magnitude;
  if (value < LONG_MIN || value > LONG_MAX) return { ok: false, why: 'too-large' };
  return { ok: true, value };
}
