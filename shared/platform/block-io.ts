/** Port: a disk, or what stands for one. */

import type { Result } from '../core/result.ts';
import type { Region } from './region.ts';

export interface BlockShape {
  /** What may be read and written at once, in bytes: 512 or more, a power of two. */
  readonly sectorBytes: number;
  /** In units of 512 bytes, as everything that is counted in sectors. */
  readonly sectors: number;
  readonly isReadOnly: boolean;
  readonly canDiscard: boolean;
  /** Discarded data cannot be had back. */
  readonly canDiscardSecurely: boolean;
  /** It needs no flush, or has none: a write is as sure as it will be once it is completed. */
  readonly cannotFlush?: true;
}

/** Numbers of operations are below this. */
export const NUMBERS_MAX = 4096;

/**
 * Operations are numbered by who asks: each number has one at a time. They are begun in any order;
 * a flush makes sure of the writes that were completed before it was asked for. The region's bytes
 * belong to the operation until it is completed. Who opens a disk says whom to call when there are
 * completions.
 */
export interface BlockIo {
  /** What it is now: only `measure` changes it. */
  readonly shape: BlockShape;
  /**
   * Looks again how large it is, as far as `sectorsMax`; `shape` says so from then on. What is
   * under way may lie beyond: who makes it smaller waits for that first.
   */
  measure(sectorsMax: number): Result<void>;
  read(number: number, sector: number, region: Region, at: number, bytes: number): void;
  write(number: number, sector: number, region: Region, at: number, bytes: number): void;
  flush(number: number): void;
  discard(number: number, sector: number, sectors: number, isSecure: boolean): void;
  /** Begins what was asked for since the last time. */
  submit(): void;
  /**
   * Completed operations, two words each: the number, and 0 or a negative errno of Linux's; how
   * many, as many as fit.
   */
  completions(into: Int32Array): number;
  /**
   * Completes what is under way with EIO, and all that is asked from now on: nobody waits for it
   * any more. Absent where everything ends by itself, sooner or later.
   */
  giveUp?(): void;
  /** Nothing may be under way. */
  close(): void;
}
