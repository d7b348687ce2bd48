/** A disk in memory, whose operations end when they are told to, in any order. */

import type { Prng } from '../../../shared/core/prng.ts';
import { ok } from '../../../shared/core/result.ts';
import type { BlockIo, BlockShape } from '../../../shared/platform/block-io.ts';
import type { Region } from '../../../shared/platform/region.ts';

type Kind = 'read' | 'write' | 'flush' | 'discard';

export interface MemoryDisk {
  readonly io: BlockIo;
  readonly bytes: Uint8Array;
  /** What makes an operation fail: its kind and first sector. */
  fails: (kind: Kind, sector: number) => boolean;
  flushes: number;
  /** What a look finds: of its bytes those that there are, in sectors. */
  sectors: number;
  /** Ends some of what is under way. */
  step: () => void;
  /** Nothing ends: it is behind a server that is away. */
  isAway: boolean;
  /**
   * Its user is dead: of what was begun some is done and the rest is not, in any order, and nothing
   * more comes of it.
   */
  abandon(): void;
}

const EIO = 5;

/** Operations that were asked for, are under way, and are done. */
function createOperations(random: Prng) {
  let asked: (() => number)[] = [];
  let begun: { readonly number: number; readonly run: () => number }[] = [];
  let done: [number, number][] = [];
  const numbers: number[] = [];
  const takeAny = () => begun.splice(random.below(begun.length), 1)[0]!;
  return {
    ask: (number: number, run: () => number): void => {
      asked.push(run);
      numbers.push(number);
    },
    submit: (): void => {
      begun.push(...asked.map((run, i) => ({ number: numbers[i] as number, run })));
      asked = [];
      numbers.length = 0;
    },
    completions: (into: Int32Array): number => {
      const count = Math.min(done.length, into.length / 2);
      for (let i = 0; i < count; i++) into.set(done[i] as [number, number], 2 * i);
      done = done.slice(count);
      return count;
    },
    step: (): void => {
      for (let left = random.below(begun.length + 1); left > 0; left--) {
        const { number, run } = takeAny();
        done.push([number, run()]);
      }
    },
    giveUp: (): void => {
      for (const { number } of begun) done.push([number, -EIO]);
      begun = [];
    },
    abandon: (): void => {
      while (begun.length > 0) {
        const { run } = takeAny();
        if (random.chance(0.5)) run();
      }
      [asked, begun, done] = [[], [], []];
      numbers.length = 0;
    },
  };
}

export function createMemoryDisk(
  random: Prng,
  bytes: Uint8Array,
  shape: Partial<BlockShape> = {},
): MemoryDisk {
  const operations = createOperations(random);
  const ask = (number: number, kind: Kind, sector: number, effect: () => void): void =>
    operations.ask(number, () => {
      if (disk.fails(kind, sector)) return -EIO;
      effect();
      return 0;
    });
  const whole = {
    ...{ sectorBytes: 512, sectors: bytes.length / 512, isReadOnly: false, canDiscard: true },
    canDiscardSecurely: false,
    ...shape,
  };
  const io: BlockIo = {
    shape: whole,
    measure: (most) => {
      whole.sectors = Math.min(disk.sectors, most);
      return ok();
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
        disk.flushes++;
      }),
    discard: (number, sector, sectors) =>
      ask(number, 'discard', sector, () => {
        bytes.fill(0, sector * 512, (sector + sectors) * 512);
      }),
    submit: operations.submit,
    completions: operations.completions,
    giveUp: operations.giveUp,
    close: () => {},
  };
  const { abandon } = operations;
  const { sectors } = whole;
  const step = (): void => void (disk.isAway || operations.step());
  const disk: MemoryDisk = {
    ...{ io, bytes, fails: () => false, flushes: 0, sectors, step, isAway: false, abandon },
  };
  return disk;
}
