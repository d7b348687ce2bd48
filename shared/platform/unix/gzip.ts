/** One gzip member, unpacked by Node's zlib without a copy when the size is known beforehand. */

import { crc32, inflateRawSync } from 'node:zlib';
import { fail, ok, type Result } from '../../core/result.ts';

/** RFC 1952: fixed header, flags, and the trailer of CRC and size. */
const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const DEFLATE = 8;

/** What one call of zlib may fill at most. */
const CHUNK_MAX_BYTES = 256 << 20;

export interface Member {
  readonly bytes: Uint8Array;
  /** Bytes of the input that belong to the member. */
  readonly taken: number;
}

const broken = fail('EINVAL', 'gzip: the input is broken');
const cutOff = fail('EINVAL', 'gzip: the input is cut off');

/** Where the packed data starts, or -1 when the header is cut off. */
function dataStart(packed: Uint8Array): number {
  const flags = packed[3] as number;
  let at = HEADER_BYTES;
  if (flags & FEXTRA) {
    if (at + 2 > packed.length) return -1;
    at += 2 + (packed[at] as number) + (packed[at + 1] as number) * 256;
  }
  for (const text of [FNAME, FCOMMENT]) {
    if ((flags & text) === 0) continue;
    const end = packed.indexOf(0, at);
    if (end === -1) return -1;
    at = end + 1;
  }
  if (flags & FHCRC) at += 2;
  return at <= packed.length ? at : -1;
}

/** What zlib's functions return if the option `info` is set. */
interface WithInfo {
  readonly buffer: Uint8Array;
  /** `bytesWritten` counts what was written into the engine. */
  readonly engine: { readonly bytesWritten: number };
}

function inflate(data: Uint8Array, limitBytes: number): Result<Member> {
  try {
    const chunkSize = Math.max(64, Math.min(limitBytes, CHUNK_MAX_BYTES) + 1);
    const options = { info: true, maxOutputLength: limitBytes, chunkSize } as const;
    const done: object = inflateRawSync(data, options);
    const { buffer, engine } = done as WithInfo;
    return ok({ bytes: buffer, taken: engine.bytesWritten });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') return cutOff;
    if (code !== 'ERR_BUFFER_TOO_LARGE') return broken;
    return fail('E2BIG', `gzip: unpacks to more than ${limitBytes} bytes`);
  }
}

export function gunzip(packed: Uint8Array, limitBytes: number): Result<Member> {
  if (packed.length < HEADER_BYTES) return cutOff;
  if (packed[0] !== 0x1f || packed[1] !== 0x8b || packed[2] !== DEFLATE) return broken;
  const start = dataStart(packed);
  if (start === -1) return cutOff;
  const done = inflate(packed.subarray(start), limitBytes);
  if (!done.ok) return done;
  const { bytes } = done.value;
  const end = start + done.value.taken;
  if (end + TRAILER_BYTES > packed.length) return cutOff;
  const trailer = new DataView(packed.buffer, packed.byteOffset + end, TRAILER_BYTES);
  const right =
    trailer.getUint32(0, true) === crc32(bytes) &&
    trailer.getUint32(4, true) === bytes.length % 0x1_0000_0000;
  return right ? ok({ bytes, taken: end + TRAILER_BYTES }) : broken;
}
