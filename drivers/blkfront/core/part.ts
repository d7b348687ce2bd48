/** A part of a disk as a disk of its own, and who uses which parts. */

import type { BlockIo, BlockShape } from '../../../shared/platform/block-io.ts';

export interface Part {
  /** `xvda` */
  readonly disk: string;
  /** In units of 512 bytes; undefined: to the disk's end, wherever that is. */
  readonly first: number;
  readonly sectors: number | undefined;
  readonly isReadOnly: boolean;
  /** Others may write, too: who asked for it takes care. */
  readonly isShared: boolean;
}

/** Whoever asks for what lies beyond the part's end has not looked at its shape: a bug. */
export function partOf(disk: BlockIo, { first, sectors, isReadOnly }: Part): BlockIo {
  const shapeUpTo = (most: number): BlockShape => ({
    ...disk.shape,
    sectors: Math.min(sectors ?? disk.shape.sectors - first, most),
    isReadOnly: isReadOnly || disk.shape.isReadOnly,
  });
  let shape = shapeUpTo(Number.POSITIVE_INFINITY);
  return {
    ...disk,
    get shape(): BlockShape {
      return shape;
    },
    measure: (sectorsMax) => {
      const measured = disk.measure(Number.POSITIVE_INFINITY);
      if (measured.ok) shape = shapeUpTo(sectorsMax);
      return measured;
    },
    read: (number, sector, region, at, bytes) =>
      disk.read(number, first + sector, region, at, bytes),
    write: (number, sector, region, at, bytes) =>
      disk.write(number, first + sector, region, at, bytes),
    discard: (number, sector, count, isSecure) =>
      disk.discard(number, first + sector, count, isSecure),
  };
}

const endOf = ({ first, sectors }: Part): number =>
  sectors === undefined ? Number.POSITIVE_INFINITY : first + sectors;

/** Whether both have a sector that one of them writes, and not both know of it. */
export function clash(a: Part, b: Part): boolean {
  const overlap = a.disk === b.disk && a.first < endOf(b) && b.first < endOf(a);
  const isSafe = (a.isReadOnly && b.isReadOnly) || (a.isShared && b.isShared);
  return overlap && !isSafe;
}
