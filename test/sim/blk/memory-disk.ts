/** A disk in memory, whose operations end when they are told to, in any order. */

import type { Prng } from '../../../shared/core/prng.ts';
import type { BlockIo, BlockShape } from '../../../shared/platform/block-io.ts';
import type { Region } from '../../../shared/platform/region.ts';

interface Operation {
  readonly number: number;
  /** Does it; 0, or a negative errno. */
  readonly run: () => number;
}

export interface MemoryDisk {
  readonly io: BlockIo;
  readonly bytes: Uint8Array;
  /** What makes an operation fail: its kind and first sector. */
  fails: (kind: 'read' | 'write' | 'flush' | 'discard', sector: number) => boolean;
  /** Ends some of what is under way. */
  step(): void;
  /** Whether anything is under way. */
  isBusy(): boolean;
  /**
   * Its user is dead: of what was begun some is done and the rest is not, in any order, and nothing
   * more comes of it.
   */
  abandon(): void;
  readonly flushes: () => number;
}

const EIO = 5;

export function createMemoryDisk(
  random: Prng,
  bytes: Uint8Array,
  shape: Partial<BlockShape> = {},
): MemoryDisk {
  let asked: Operation[] = [];
  let begun: Operation[] = [];
  let done: [number, number][] = [];
  let flushes = 0;
  const ask = (
    number: number,
    kind: 'read' | 'write' | 'flush' | 'discard',
    sector: number,
    effect: () => void,
  ): void => {
    const run = (): number => {
      if (disk.fails(kind, sector)) return -EIO;
      effect();
      return 0;
    };
    asked.push({ number, run });
  };
  const takeAny = (): Operation => begun.splice(random.below(begun.length), 1)[0] as Operation;
  const io: BlockIo = {
    shape: {
      ...{ sectorBytes: 512, sectors: bytes.length / 512, isReadOnly: false, canDiscard: true },
      canDiscardSecurely: false,
      ...shape,
    },
    read: (number, sector, { bytes: to }, at, size) =>
      ask(number, 'read', sector, () => {
        to.set(bytes.subarray(sector * 512, sector * 512 + size), at);
      }),
    write: (number, sector, from: Region, at, size) =>
      ask(number, 'write', sector, () => {
        bytes.set(from.bytes.subarray(at, at + size), sector * 512);
      }),
    flush: (number) =>
      ask(number, 'flush', 0, () => {
        flushes++;
      }),
    discard: (number, sector, sectors) =>
      ask(number, 'discard', sector, () => {
        bytes.fill(0, sector * 512, (sector + sectors) * 512);
      }),
    submit: () => {
      begun.push(...asked);
      asked = [];
    },
    completions: (into) => {
      const count = Math.min(done.length, into.length / 2);
      for (let i = 0; i < count; i++) into.set(done[i] as [number, number], 2 * i);
      done = done.slice(count);
      return count;
    },
    listen: () => {},
    close: () => {},
  };
  const disk: MemoryDisk = {
    io,
    bytes,
    fails: () => false,
    step: () => {
      for (let left = random.below(begun.length + 1); left > 0; left--) {
        const { number, run } = takeAny();
        done.push([number, run()]);
      }
    },
    isBusy: () => begun.length > 0 || done.length > 0,
    abandon: () => {
      while (begun.length > 0) {
        const { run } = takeAny();
        if (random.chance(0.5)) run();
      }
      [asked, begun, done] = [[], [], []];
    },
    flushes: () => flushes,
  };
  return disk;
}
