/** Unpacks kernels: gzip by Node, the other formats by the system's libraries. */

import { fail, ok, type Result } from '../../core/result.ts';
import type { Compression } from '../files.ts';
import { codecs } from './codecs.ts';
import { gunzip, type Member } from './gzip.ts';

export interface DecompressOptions {
  /** What to do about bytes behind the packed data (Linux appends a size to its payload). */
  readonly trailing?: 'refuse' | 'allow';
}

function unpack(kind: keyof typeof codecs, packed: Uint8Array, limitBytes: number): Result<Member> {
  // A byte more than the limit, to tell what is too large from what is cut off. These are fresh
  // pages of the system: what is not written costs no memory.
  const room = new Uint8Array(Buffer.allocUnsafeSlow(limitBytes + 1).buffer);
  const done = codecs[kind](packed, room);
  if (!done.ok) return done;
  const { written, taken } = done.value;
  if (written > limitBytes)
    return fail('E2BIG', `${kind}: unpacks to more than ${limitBytes} bytes`);
  return ok({ bytes: room.subarray(0, written), taken });
}

/**
 * The unpacked bytes, at most `limitBytes`. E2BIG for more; EINVAL for broken or cut off input, and
 * for trailing bytes unless allowed (bzip2 does not see them); ENOMEM; EOPNOTSUPP for lzop; ENOENT
 * names a library that is missing.
 */
export function decompress(
  kind: Compression,
  packed: Uint8Array,
  limitBytes: number,
  { trailing = 'refuse' }: DecompressOptions = {},
): Result<Uint8Array> {
  if (kind === 'lzop') return fail('EOPNOTSUPP', 'lzop: this format is not supported');
  const done = kind === 'gzip' ? gunzip(packed, limitBytes) : unpack(kind, packed, limitBytes);
  if (!done.ok) return done;
  const { bytes, taken } = done.value;
  if (trailing === 'refuse' && taken < packed.length) {
    const extra = packed.length - taken;
    return fail('EINVAL', `${kind}: ${extra} bytes of something else behind the packed data`);
  }
  // A small result must not hold a large reservation.
  if (bytes.length < bytes.buffer.byteLength / 2) return ok(Uint8Array.from(bytes));
  return ok(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
}
