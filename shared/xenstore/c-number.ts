/** Numbers as the C library reads them from a string, for replies equal to C xenstored's. */

const LONG_MAX = 9223372036854775807n;
const LONG_MIN = -9223372036854775808n;

const SHAPE = /^[ \t\n\v\f\r]*([+-]?)(?:(0[xX])([0-9a-fA-F]+)|([0-9]+))/;

function saturate(sign: string, digits: string, prefix: '' | '0x' | '0o'): bigint {
  const magnitude = BigInt(prefix + digits);
  const value = sign === '-' ? -magnitude : magnitude;
  return value > LONG_MAX ? LONG_MAX : value < LONG_MIN ? LONG_MIN : value;
}

/**
 * strtol(text, &end, 0) cut down to an unsigned int; undefined if no number fills the whole text.
 * An octal number ends at its first 8 or 9, so that such a text is not whole.
 */
export function strtoulWhole(text: string): number | undefined {
  const m = SHAPE.exec(text);
  if (m === null || m[0].length !== text.length) return undefined;
  const sign = m[1] ?? '';
  if (m[3] !== undefined) return Number(BigInt.asUintN(32, saturate(sign, m[3], '0x')));
  const digits = m[4] ?? '0';
  const octal = digits.length > 1 && digits.startsWith('0');
  if (octal && /[89]/.test(digits)) return undefined;
  return Number(BigInt.asUintN(32, saturate(sign, digits, octal ? '0o' : '')));
}

/** atoi(text): a decimal number at the start, 0 without one, cut down to an int. */
export function atoi(text: string): number {
  const m = /^[ \t\n\v\f\r]*([+-]?)([0-9]+)/.exec(text);
  if (m === null) return 0;
  return Number(BigInt.asIntN(32, saturate(m[1] ?? '', m[2] ?? '0', '')));
}
