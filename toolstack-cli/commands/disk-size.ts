/** Sizes of disks, as they are written and read. */

import { fail, ok, type Result } from '../../shared/core/result.ts';

const UNITS = 'KMGT';

/** Powers of 1024: `20G`, or `+512M` for more. Multiples of 1 KiB are whole sectors. */
export function readSize(
  word: string,
): Result<{ readonly bytes: number; readonly isMore: boolean }> {
  const [, plus, digits, unit] = /^(\+?)([0-9]{1,12})([KMGT])$/i.exec(word) ?? [];
  const bytes = Number(digits) * 1024 ** (UNITS.indexOf((unit ?? '').toUpperCase()) + 1);
  if (unit === undefined || bytes === 0 || !Number.isSafeInteger(bytes)) {
    return fail('EINVAL', `a size is like 20G, 512M or +1G, not '${word}'`);
  }
  return ok({ bytes, isMore: plus === '+' });
}

/** `20 GiB`, and `1.5 GiB` where it is not whole. */
export function sizeText(bytes: number): string {
  let power = 0;
  while (power < UNITS.length && bytes >= 1024 ** (power + 1)) power++;
  if (power === 0) return `${bytes} B`;
  const count = Math.floor((bytes / 1024 ** power) * 10) / 10;
  return `${count} ${UNITS[power - 1]}iB`;
}
