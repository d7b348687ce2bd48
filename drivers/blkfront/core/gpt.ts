/**
 * Partitions of a disk that begins with a GUID partition table (UEFI 2.10, chapter 5.3): whatever
 * lies there is the word of who wrote the disk.
 */

import { fail, ok, type Result } from '../../../shared/core/result.ts';

export interface Partition {
  /** From 1 on, by its place in the table. */
  readonly number: number;
  readonly name: string;
  /** In units of 512 bytes. */
  readonly first: number;
  readonly sectors: number;
}

const SIGNATURE = 'EFI PART';
const HEADER_BYTES_MIN = 92;
const ENTRY_BYTES_MIN = 128;
/** What nearly every tool makes; the table then has 16 KiB. */
export const ENTRIES_MAX = 128;
const NAME_AT = 56;
const NAME_UNITS = 36;

/** Of a disk with such logical blocks: bytes from its start that header and table lie in. */
export const tableBytes = (blockBytes: number): number =>
  Math.max(2 * blockBytes + ENTRIES_MAX * ENTRY_BYTES_MIN, 5 * 4096);

/** CRC-32 of ISO 3309, bit by bit: a table has 16 KiB, and is read once. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0xedb8_8320);
  }
  return ~crc >>> 0;
}

function u64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

function nameOf(view: DataView, at: number): string {
  let name = '';
  for (let i = 0; i < NAME_UNITS; i++) {
    const unit = view.getUint16(at + 2 * i, true);
    if (unit === 0) break;
    name += String.fromCharCode(unit);
  }
  return name;
}

interface Header {
  readonly tableAt: number;
  readonly count: number;
  readonly entryBytes: number;
  readonly crc: number;
}

function readHeader(bytes: Uint8Array, blockBytes: number): Result<Header> {
  const view = new DataView(bytes.buffer, bytes.byteOffset + blockBytes, blockBytes);
  let signature = '';
  for (let i = 0; i < 8; i++) signature += String.fromCharCode(view.getUint8(i));
  if (signature !== SIGNATURE) return fail('ENOENT', 'the disk has no GUID partition table');
  const size = view.getUint32(12, true);
  if (size < HEADER_BYTES_MIN || size > blockBytes)
    return fail('EINVAL', `a header of ${size} bytes`);
  const header = bytes.slice(blockBytes, blockBytes + size);
  header.fill(0, 16, 20);
  if (crc32(header) !== view.getUint32(16, true)) {
    return fail('EIO', 'the partition table’s header has another checksum');
  }
  const [count, entryBytes] = [view.getUint32(80, true), view.getUint32(84, true)];
  if (count > ENTRIES_MAX || entryBytes !== ENTRY_BYTES_MIN) {
    return fail('EINVAL', `a partition table of ${count} entries of ${entryBytes} bytes`);
  }
  const tableAt = u64(view, 72) * blockBytes;
  if (tableAt + count * entryBytes > bytes.length) {
    return fail('EINVAL', 'the partition table does not lie at the disk’s start');
  }
  return ok({ tableAt, count, entryBytes, crc: view.getUint32(88, true) });
}

/**
 * The partitions, from the disk's first `tableBytes`. ENOENT: it has no such table; EIO, EINVAL:
 * one that is damaged. Those that do not lie on the disk are left out.
 */
export function readGpt(
  bytes: Uint8Array,
  blockBytes: number,
  diskSectors: number,
): Result<readonly Partition[]> {
  const header = readHeader(bytes, blockBytes);
  if (!header.ok) return header;
  const { tableAt, count, entryBytes, crc } = header.value;
  const table = bytes.subarray(tableAt, tableAt + count * entryBytes);
  if (crc32(table) !== crc) return fail('EIO', 'the partition table has another checksum');
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  const found: Partition[] = [];
  for (let i = 0; i < count; i++) {
    const at = i * entryBytes;
    if (table.subarray(at, at + 16).every((byte) => byte === 0)) continue;
    const perBlock = blockBytes / 512;
    const first = u64(view, at + 32) * perBlock;
    const end = (u64(view, at + 40) + 1) * perBlock;
    if (first === 0 || end <= first || end > diskSectors) continue;
    found.push({ number: i + 1, name: nameOf(view, at + NAME_AT), first, sectors: end - first });
  }
  return ok(found);
}
