/** Decompressors of the system's libraries, each from memory to memory without a copy between. */

import { fail, ok, type Result } from '../../core/result.ts';
import { bind, ffi, type Native, once } from './ffi.ts';

/** What a codec made: bytes written, and bytes of the input that it took. */
export interface Unpacked {
  readonly written: number;
  readonly taken: number;
}

/** Unpacks `packed` into `room`, one byte more than allowed. EINVAL for broken input, E2BIG. */
export type Codec = (packed: Uint8Array, room: Uint8Array) => Result<Unpacked>;

const broken = (name: string) => fail('EINVAL', `${name}: the input is broken`);
const cutOff = (name: string) => fail('EINVAL', `${name}: the input is cut off`);
const tooLarge = (name: string, room: Uint8Array) =>
  fail('E2BIG', `${name}: unpacks to more than ${room.length - 1} bytes`);

const liblzma = once(() =>
  bind('liblzma.so.5', {
    lzma_stream_decoder: ['int', 'void *', 'uint64_t', 'uint32_t'],
    lzma_alone_decoder: ['int', 'void *', 'uint64_t'],
    lzma_code: ['int', 'void *', 'int'],
    lzma_end: ['void', 'void *'],
  }),
);

/** lzma/base.h of liblzma 5: lzma_stream (136 bytes), lzma_ret, lzma_action. */
const STREAM_BYTES = 136;
const STREAM = { nextIn: 0, availIn: 8, nextOut: 24, availOut: 32 } as const;
const LZMA_STREAM_END = 1;
const LZMA_MEM_ERROR = 5;
const LZMA_MEMLIMIT_ERROR = 6;
const LZMA_BUF_ERROR = 10;
const LZMA_FINISH = 3;
/** Linux packs with dictionaries of up to 128 MiB; a header may claim 4 GiB. */
const LZMA_MEMORY_BYTES = 512n << 20n;

function lzmaFailure(name: string, status: number, availOut: bigint, room: Uint8Array) {
  if (status === LZMA_MEM_ERROR || status === LZMA_MEMLIMIT_ERROR) {
    return fail('ENOMEM', `${name}: the input asks for too large a dictionary`);
  }
  if (status !== LZMA_BUF_ERROR) return broken(name);
  return availOut === 0n ? tooLarge(name, room) : cutOff(name);
}

function lzma(name: 'xz' | 'lzma'): Codec {
  return (packed, room) => {
    const library = liblzma();
    if (!library.ok) return library;
    const { lzma_stream_decoder, lzma_alone_decoder, lzma_code, lzma_end } = library.value;
    const bytes = new Uint8Array(STREAM_BYTES);
    const stream = new DataView(bytes.buffer);
    stream.setBigUint64(STREAM.nextIn, ffi().address(packed), true);
    stream.setBigUint64(STREAM.availIn, BigInt(packed.length), true);
    stream.setBigUint64(STREAM.nextOut, ffi().address(room), true);
    stream.setBigUint64(STREAM.availOut, BigInt(room.length), true);
    const opened =
      name === 'xz'
        ? lzma_stream_decoder(bytes, LZMA_MEMORY_BYTES, 0)
        : lzma_alone_decoder(bytes, LZMA_MEMORY_BYTES);
    if (opened !== 0) return fail('ENOMEM', `${name}: no memory`);
    let status = lzma_code(bytes, LZMA_FINISH);
    // What fits to the last byte ends only when asked once more.
    if (status === 0) status = lzma_code(bytes, LZMA_FINISH);
    lzma_end(bytes);
    const availOut = stream.getBigUint64(STREAM.availOut, true);
    if (status !== LZMA_STREAM_END)
      return lzmaFailure(name, status || LZMA_BUF_ERROR, availOut, room);
    const availIn = Number(stream.getBigUint64(STREAM.availIn, true));
    return ok({ written: room.length - Number(availOut), taken: packed.length - availIn });
  };
}

const libzstd = once(() =>
  bind('libzstd.so.1', {
    ZSTD_findFrameCompressedSize: ['size_t', 'void *', 'size_t'],
    ZSTD_decompress: ['size_t', 'void *', 'size_t', 'void *', 'size_t'],
    ZSTD_isError: ['uint', 'size_t'],
    ZSTD_getErrorCode: ['int', 'size_t'],
  }),
);

/** zstd_errors.h: codes that stay the same. */
const ZSTD_dstSize_tooSmall = 70;
const ZSTD_srcSize_wrong = 72;

/** One frame. */
const zstd: Codec = (packed, room) => {
  const library = libzstd();
  if (!library.ok) return library;
  const { ZSTD_findFrameCompressedSize, ZSTD_decompress, ZSTD_isError, ZSTD_getErrorCode } =
    library.value;
  const failure = (result: number) => {
    const code = ZSTD_getErrorCode(result);
    if (code === ZSTD_dstSize_tooSmall) return tooLarge('zstd', room);
    return code === ZSTD_srcSize_wrong ? cutOff('zstd') : broken('zstd');
  };
  const taken = ZSTD_findFrameCompressedSize(packed, packed.length);
  if (ZSTD_isError(taken) !== 0) return failure(taken);
  const written = ZSTD_decompress(room, room.length, packed, taken);
  return ZSTD_isError(written) !== 0 ? failure(written) : ok({ written, taken });
};

const libbz2 = once(() =>
  bind('libbz2.so.1.0', {
    BZ2_bzBuffToBuffDecompress: ['int', 'void *', 'void *', 'void *', 'uint', 'int', 'int'],
  }),
);

/** bzlib.h. */
const BZ_UNEXPECTED_EOF = -7;
const BZ_OUTBUFF_FULL = -8;

/** The library does not tell where the stream ended: it takes all. */
const bzip2: Codec = (packed, room) => {
  const library = libbz2();
  if (!library.ok) return library;
  const { BZ2_bzBuffToBuffDecompress } = library.value;
  const size = Uint32Array.of(room.length);
  const status = BZ2_bzBuffToBuffDecompress(room, size, packed, packed.length, 0, 0);
  if (status === 0) return ok({ written: size[0] as number, taken: packed.length });
  if (status === BZ_OUTBUFF_FULL) return tooLarge('bzip2', room);
  return status === BZ_UNEXPECTED_EOF ? cutOff('bzip2') : broken('bzip2');
};

const liblz4 = once(() =>
  bind('liblz4.so.1', {
    LZ4_decompress_safe: ['int', 'void *', 'void *', 'int', 'int'],
  }),
);

/** The legacy frame, as Linux uses it (lz4_Frame_format.md): a magic, then blocks with a size. */
const LZ4_LEGACY = 0x184c2102;
const LZ4_BLOCK_BYTES = 8 << 20;
/** LZ4_compressBound of a block. */
const LZ4_PACKED_MAX = LZ4_BLOCK_BYTES + Math.floor(LZ4_BLOCK_BYTES / 255) + 16;

function lz4Blocks(unpack: Native, packed: Uint8Array, room: Uint8Array): Result<Unpacked> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let written = 0;
  let taken = 4;
  while (taken + 4 <= packed.length) {
    const size = view.getUint32(taken, true);
    // What cannot be a block's size ends the frame.
    if (size === 0 || size > LZ4_PACKED_MAX) break;
    if (taken + 4 + size > packed.length) return cutOff('lz4');
    const left = room.subarray(written, written + LZ4_BLOCK_BYTES);
    const block = packed.subarray(taken + 4, taken + 4 + size);
    const made = unpack(block, left, size, left.length);
    if (made < 0) return left.length < LZ4_BLOCK_BYTES ? tooLarge('lz4', room) : broken('lz4');
    written += made;
    taken += 4 + size;
    if (made < LZ4_BLOCK_BYTES) break;
  }
  return ok({ written, taken });
}

const lz4: Codec = (packed, room) => {
  const library = liblz4();
  if (!library.ok) return library;
  if (packed.length < 4) return cutOff('lz4');
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  if (view.getUint32(0, true) !== LZ4_LEGACY) return broken('lz4');
  return lz4Blocks(library.value.LZ4_decompress_safe, packed, room);
};

export const codecs: Readonly<Record<'xz' | 'lzma' | 'zstd' | 'bzip2' | 'lz4', Codec>> = {
  xz: lzma('xz'),
  lzma: lzma('lzma'),
  zstd,
  bzip2,
  lz4,
};
