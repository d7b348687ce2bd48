/**
 * Finds the ELF kernel inside what users have: a bzImage, an ELF file, or either of them gzipped.
 */

import { decode, layout, u8, u16, u32 } from '../../core/layout.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { isElf, type KernelImage, readElf } from './elf.ts';

export type Compression = 'gzip' | 'xz' | 'lzma' | 'lzop' | 'lz4' | 'zstd' | 'bzip2';

/** Unpacks `bytes`. Output beyond `limitBytes` is an error, found before it takes memory. */
export type Decompress = (
  kind: Compression,
  bytes: Uint8Array,
  limitBytes: number,
) => Result<Uint8Array>;

/** What to unpack to come nearer to the ELF file. */
export interface Packed {
  readonly kind: Compression;
  readonly bytes: Uint8Array;
  readonly limitBytes: number;
}

/**
 * No kernel is larger when unpacked. Debian's are 60 MiB; libxc goes to 1 GiB (xenguest.h @
 * RELEASE-4.17.0, XC_DOM_DECOMPRESS_MAX), which would be most of a small dom0's memory.
 */
export const UNPACKED_MAX_BYTES = 512 * 2 ** 20;

/** Linux's <asm/bootparam.h> and Documentation/arch/x86/boot.rst, up to the last field used. */
const SETUP_HEADER_AT = 0x1f1;
const setupHeader = layout('struct setup_header', 0x5f, {
  setupSects: u8(0x00),
  header: u32(0x11),
  version: u16(0x15),
  payloadOffset: u32(0x57),
  payloadLength: u32(0x5b),
});
const HDRS = 0x53726448;
const SECTOR = 512;
/** The first version with payload_offset and payload_length. */
const PROTOCOL_2_08 = 0x0208;

/** xg_dom_bzimageloader.c @ RELEASE-4.17.0. lz4 is the "legacy" frame, as Linux writes it. */
const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lzma', [0x5d, 0x00]],
  ['lzop', [0x89, 0x4c, 0x5a, 0x4f, 0x00]],
  ['lz4', [0x02, 0x21]],
];

/** A gzipped bzImage holds a second packing; nothing real holds a third. */
const MAX_PACKINGS = 2;

/** The kernel in `bytes`. ENOEXEC says why it is none; failures of `decompress` pass through. */
export function readKernel(bytes: Uint8Array, decompress: Decompress): Result<KernelImage> {
  let image = bytes;
  for (let i = 0; i <= MAX_PACKINGS; i++) {
    const packed = findPacked(image);
    if (!packed.ok) return packed;
    if (packed.value === undefined) return readElf(image);
    const { kind, limitBytes } = packed.value;
    const unpacked = decompress(kind, packed.value.bytes, limitBytes);
    if (!unpacked.ok) return unpacked;
    if (unpacked.value.length > limitBytes) return tooLarge(limitBytes);
    image = unpacked.value;
  }
  return fail('ENOEXEC', 'not a kernel: compressed several times over');
}

/**
 * One layer: what to unpack next, or undefined for an ELF file (for callers that unpack by
 * themselves).
 */
export function findPacked(bytes: Uint8Array): Result<Packed | undefined> {
  if (isElf(bytes)) return ok(undefined);
  if (compression(bytes) === 'gzip') {
    return ok({ kind: 'gzip', bytes, limitBytes: UNPACKED_MAX_BYTES });
  }
  if (bytes.length >= SETUP_HEADER_AT + setupHeader.size) {
    const header = decode(setupHeader, bytes, SETUP_HEADER_AT);
    if (header.header === HDRS) return findPayload(bytes, header);
  }
  return fail('ENOEXEC', 'not a kernel: neither a bzImage nor an ELF file');
}

interface Payload {
  readonly setupSects: number;
  readonly version: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
}

function findPayload(bytes: Uint8Array, header: Payload): Result<Packed> {
  if (header.version < PROTOCOL_2_08) {
    const version = `${header.version >> 8}.${String(header.version & 0xff).padStart(2, '0')}`;
    return fail('ENOEXEC', `this bzImage is too old: boot protocol ${version}, 2.08 is needed`);
  }
  const start = (header.setupSects + 1) * SECTOR + header.payloadOffset;
  const end = start + header.payloadLength;
  if (end > bytes.length) return fail('ENOEXEC', 'this bzImage is cut off: it ends in its payload');
  const payload = bytes.subarray(start, end);
  const kind = compression(payload);
  if (kind === undefined) return fail('ENOEXEC', 'the payload of this bzImage is of no known kind');
  return sized(kind, payload);
}

/**
 * Linux's build puts the unpacked size behind the payload (and gzip has it there anyway): to other
 * unpackers those 4 bytes are garbage, to us the exact limit.
 */
function sized(kind: Compression, payload: Uint8Array): Result<Packed> {
  const trailer = payload.length - 4;
  if (trailer < 4) return fail('ENOEXEC', 'this bzImage is cut off: its payload is empty');
  const limitBytes = decode(layout('unpacked size', 4, { size: u32(0) }), payload, trailer).size;
  if (limitBytes > UNPACKED_MAX_BYTES) return tooLarge(UNPACKED_MAX_BYTES);
  return ok({ kind, bytes: kind === 'gzip' ? payload : payload.subarray(0, trailer), limitBytes });
}

function tooLarge(limitBytes: number): ReturnType<typeof fail> {
  return fail('ENOEXEC', `not a kernel: it unpacks to more than ${limitBytes} bytes`);
}

function compression(bytes: Uint8Array): Compression | undefined {
  return MAGICS.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte))?.[0];
}
