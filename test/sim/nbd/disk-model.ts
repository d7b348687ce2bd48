/**
 * What a guest may rely on, whatever becomes of connections and servers: reads give what was
 * written last, and a flush that is answered makes sure of all writes that were answered before it
 * was asked for. Operations under way at the same time never touch the same sectors.
 */

import { expect } from 'vitest';
import type { Prng } from '../../../shared/core/prng.ts';

export const SECTOR = 512;

export interface Asked {
  readonly kind: 'read' | 'write' | 'flush' | 'discard';
  readonly sector: number;
  readonly sectors: number;
  readonly data: Uint8Array;
  /** Of a flush: what it makes sure of, and what has been changed since. */
  readonly covered: Uint8Array;
}

export interface DiskModel {
  readonly under: Map<number, Asked>;
  /** Something that may be asked now, with a number that is free; undefined: nothing may. */
  choose(): { readonly number: number; readonly asked: Asked } | undefined;
  /** It is completed; `read` gives what a read has brought, `stable` what is on the disk now. */
  complete(number: number, result: number, read: () => Uint8Array, stable?: Uint8Array): void;
  /** That a disk, of which nothing is under way, is as it was left. */
  expectDisk(bytes: Uint8Array): void;
}

const NOTHING = new Uint8Array(0);

/** A discard may be a hint, after which anything may be there. */
export function createDiskModel(
  random: Prng,
  sectors: number,
  most: number,
  discards: 'zeroes' | 'hints' = 'zeroes',
): DiskModel {
  const now = new Uint8Array(sectors * SECTOR);
  /** By sector: its content is known. What failed may have been done, or not. */
  const known = new Uint8Array(sectors).fill(1);
  const under = new Map<number, Asked>();
  const isFree = (from: number, count: number): boolean =>
    [...under.values()].every(
      ({ sector, sectors: size }) => from + count <= sector || sector + size <= from,
    );
  /** Sectors that are changed or being changed are nothing that a flush has to make sure of. */
  const touch = (from: number, count: number): void => {
    for (const { kind, covered } of under.values()) {
      if (kind === 'flush') covered.fill(0, from, from + count);
    }
  };
  const coveredNow = (): Uint8Array => {
    const covered = known.slice();
    for (const { kind, sector, sectors: size } of under.values()) {
      if (kind !== 'read') covered.fill(0, sector, sector + size);
    }
    return covered;
  };
  const expectSame = (bytes: Uint8Array, sector: number, of: Uint8Array): void => {
    for (let i = 0; i < bytes.length / SECTOR; i++) {
      if (of[sector + i] === 0) continue;
      const at = (sector + i) * SECTOR;
      const there = bytes.subarray(i * SECTOR, (i + 1) * SECTOR);
      if (Buffer.compare(there, now.subarray(at, at + SECTOR)) === 0) continue;
      expect.fail(`sector ${sector + i} is ${there[0]}, and was left as ${now[at]}`);
    }
  };
  return {
    under,
    choose: () => {
      const number = random.below(4096);
      if (under.size >= most || under.has(number)) return undefined;
      const kind = random.pick(['read', 'read', 'write', 'write', 'write', 'discard', 'flush']);
      if (kind === 'flush') {
        const asked = { ...{ kind, sector: 0, sectors: 0, data: NOTHING }, covered: coveredNow() };
        under.set(number, asked as Asked);
        return { number, asked: asked as Asked };
      }
      const size = 1 + random.below(16);
      const sector = random.below(sectors - size + 1);
      if (!isFree(sector, size)) return undefined;
      const data = kind === 'write' ? new Uint8Array(size * SECTOR).fill(random.next()) : NOTHING;
      const asked = { kind, sector, sectors: size, data, covered: NOTHING } as Asked;
      if (kind !== 'read') touch(sector, size);
      under.set(number, asked);
      return { number, asked };
    },
    complete: (number, result, read, stable) => {
      const { kind, sector, sectors: size, data, covered } = under.get(number) as Asked;
      under.delete(number);
      if (kind === 'read') {
        if (result === 0) expectSame(read(), sector, known);
      } else if (kind === 'flush') {
        if (result === 0 && stable !== undefined) expectSame(stable, 0, covered);
      } else {
        const isKnown = result === 0 && (kind === 'write' || discards === 'zeroes');
        known.fill(isKnown ? 1 : 0, sector, sector + size);
        if (!isKnown) return;
        if (kind === 'write') now.set(data, sector * SECTOR);
        else now.fill(0, sector * SECTOR, (sector + size) * SECTOR);
      }
    },
    expectDisk: (bytes) => expectSame(bytes, 0, known),
  };
}

export const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
