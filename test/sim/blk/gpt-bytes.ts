/** A GUID partition table, as tools make it. */

import { crc32 } from 'node:zlib';

export interface MadePartition {
  readonly name: string;
  /** Logical blocks; the last one belongs to it. */
  readonly first: number;
  readonly last: number;
}

export interface MadeTable {
  readonly blockBytes?: number;
  /** By its place in the table; undefined: a place that is free. */
  readonly partitions: readonly (MadePartition | undefined)[];
  readonly count?: number;
  readonly entryBytes?: number;
  readonly tableAt?: number;
}

/** Header and table at their places in a disk's bytes. */
export function putGpt(disk: Uint8Array, made: MadeTable): void {
  const { blockBytes = 512, partitions, count = 128, entryBytes = 128, tableAt = 2 } = made;
  const table = new Uint8Array(count * entryBytes);
  const view = new DataView(table.buffer);
  partitions.forEach((partition, i) => {
    if (partition === undefined) return;
    const at = i * entryBytes;
    table.fill(0xa1, at, at + 32);
    view.setBigUint64(at + 32, BigInt(partition.first), true);
    view.setBigUint64(at + 40, BigInt(partition.last), true);
    for (let c = 0; c < partition.name.length; c++) {
      view.setUint16(at + 56 + 2 * c, partition.name.charCodeAt(c), true);
    }
  });
  disk.set(table.subarray(0, disk.length - tableAt * blockBytes), tableAt * blockBytes);
  const header = new Uint8Array(92);
  const head = new DataView(header.buffer);
  header.set(new TextEncoder().encode('EFI PART'));
  head.setUint32(8, 0x10000, true);
  head.setUint32(12, 92, true);
  head.setBigUint64(24, 1n, true);
  head.setBigUint64(72, BigInt(tableAt), true);
  head.setUint32(80, count, true);
  head.setUint32(84, entryBytes, true);
  head.setUint32(88, crc32(table), true);
  head.setUint32(16, crc32(header), true);
  disk.set(header, blockBytes);
}
