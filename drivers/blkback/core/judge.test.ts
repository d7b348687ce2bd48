/**
 * What guests may ask of a disk, and what not; the numbers are those of the table in
 * drivers/blkback/traps.md.
 */

import { describe, expect, it } from 'vitest';
import {
  BLKIF_OP_WRITE_BARRIER as BARRIER,
  BLKIF_OP_DISCARD as DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE as FLUSH,
  BLKIF_OP_READ as READ,
  BLKIF_OP_WRITE as WRITE,
} from '../../../shared/abi/blkif.ts';
import type { BlockShape } from '../../../shared/platform/block-io.ts';
import { judge, judgeSegments } from './judge.ts';
import type { Request } from './wire.ts';

const SHAPE: BlockShape = {
  ...{ sectorBytes: 512, sectors: 1000, isReadOnly: false, canDiscard: true },
  canDiscardSecurely: false,
};
const READ_ONLY = { ...SHAPE, isReadOnly: true };
const BIG_SECTORS = { ...SHAPE, sectorBytes: 4096 };
const NO_DISCARD = { ...SHAPE, canDiscard: false };

const request = (rest: Partial<Request>): Request => ({
  ...{ operation: 0, isIndirect: false, segments: 0, flags: 0, sector: 0, sectors: 0 },
  ...{ idLow: 0, idHigh: 0 },
  ...rest,
});

const fine: readonly (readonly [string, Partial<Request>, BlockShape])[] = [
  ['a read', { operation: READ, segments: 1 }, SHAPE],
  ['a read of all segments of a slot', { operation: READ, segments: 11 }, SHAPE],
  ['an indirect read', { operation: READ, isIndirect: true, segments: 256 }, SHAPE],
  ['a write', { operation: WRITE, segments: 11 }, SHAPE],
  ['a barrier', { operation: BARRIER, segments: 1 }, SHAPE],
  ['a barrier without data, as a flush', { operation: BARRIER }, SHAPE],
  ['a flush', { operation: FLUSH }, SHAPE],
  ['a flush of what cannot be written', { operation: FLUSH }, READ_ONLY],
  ['a read of what cannot be written', { operation: READ, segments: 1 }, READ_ONLY],
  ['a discard up to the end', { operation: DISCARD, sector: 900, sectors: 100 }, SHAPE],
  ['a discard of nothing', { operation: DISCARD, sector: 1000, sectors: 0 }, SHAPE],
  ['a discard of whole sectors', { operation: DISCARD, sector: 8, sectors: 16 }, BIG_SECTORS],
];

it.each(fine)('%s is done', (_, rest, shape) => {
  expect(judge(request(rest), shape)).toBeUndefined();
});

const wrong: readonly (readonly [string, Partial<Request>, BlockShape, string, number?])[] = [
  ['operation 4, reserved', { operation: 4, segments: 1 }, SHAPE, 'unknown', -2],
  ['operation 200', { operation: 200 }, SHAPE, 'unknown', -2],
  ['a read of no segments', { operation: READ }, SHAPE, 'no segments'],
  ['a write of no segments', { operation: WRITE }, SHAPE, 'no segments'],
  ['12 segments in a slot', { operation: READ, segments: 12 }, SHAPE, 'too many'],
  ['255 segments in a slot', { operation: WRITE, segments: 255 }, SHAPE, 'too many'],
  [
    'more indirect segments than were offered',
    { operation: READ, isIndirect: true, segments: 257 },
    SHAPE,
    'too many',
  ],
  ['no indirect segments', { operation: READ, isIndirect: true }, SHAPE, 'no segments'],
  [
    'an indirect request in another',
    { operation: 6, isIndirect: true, segments: 1 },
    SHAPE,
    'neither reads nor writes',
  ],
  [
    'an indirect barrier',
    { operation: BARRIER, isIndirect: true, segments: 1 },
    SHAPE,
    'neither reads nor writes',
  ],
  ['a flush with segments', { operation: FLUSH, segments: 1 }, SHAPE, 'a flush with'],
  ['a write to a read-only disk', { operation: WRITE, segments: 1 }, READ_ONLY, 'read-only'],
  ['a barrier to a read-only disk', { operation: BARRIER }, READ_ONLY, 'read-only'],
  ['a discard of a read-only disk', { operation: DISCARD, sectors: 8 }, READ_ONLY, 'read-only'],
  ['a discard that was not offered', { operation: DISCARD }, NO_DISCARD, 'cannot', -2],
  ['a discard past the end', { operation: DISCARD, sector: 999, sectors: 2 }, SHAPE, 'beyond'],
  [
    'a discard whose end wraps around',
    { operation: DISCARD, sector: 2 ** 64 - 8, sectors: 16 },
    SHAPE,
    'beyond',
  ],
  ['a discard within a sector', { operation: DISCARD, sectors: 4 }, BIG_SECTORS, 'not the disk'],
];

const refused = wrong.map(([what, ask, shape, why, status = -1]) => ({
  ...{ what, ask, shape, why, status },
}));

it.each(refused)('disk traps 1, 2, 5, 6: $what is refused', ({ ask, shape, why, status }) => {
  expect(judge(request(ask), shape)).toEqual({ status, why: expect.stringContaining(why) });
});

describe('segments', () => {
  const judged = (ranges: readonly (readonly [number, number])[], sector = 0, shape = SHAPE) => {
    const words = Int32Array.from(
      ranges.flatMap(([first, last]) => [7, first | (last << 8) | (0xabcd << 16)]),
    );
    const all = request({ operation: READ, segments: ranges.length, sector });
    return judgeSegments(all, words, 0, shape)?.why;
  };

  it.each([
    ['one of a page', [[0, 7]], 0, SHAPE],
    ['one of a sector', [[3, 3]], 999, SHAPE],
    ['some up to the end', [...Array(10).fill([0, 7])], 920, SHAPE],
    ['a page of one sector of 4 KiB', [[0, 7]], 8, BIG_SECTORS],
  ] as [string, [number, number][], number, BlockShape][])(
    '%s are good',
    (_, ranges, at, shape) => {
      expect(judged(ranges, at, shape)).toBeUndefined();
    },
  );

  it.each([
    ['one that ends before it begins', [[5, 4]], 0, SHAPE, 'ends before'],
    ['one beyond its page', [[0, 8]], 0, SHAPE, 'beyond its page'],
    ['one far beyond its page', [[255, 255]], 0, SHAPE, 'beyond its page'],
    [
      'a bad one behind good ones',
      [
        [0, 7],
        [0, 7],
        [7, 6],
      ],
      0,
      SHAPE,
      'ends before',
    ],
    ['one sector past the end', [[0, 7]], 993, SHAPE, 'beyond the end'],
    ['all past the end', [[0, 0]], 1000, SHAPE, 'beyond the end'],
    ['sectors whose number is huge', [[0, 0]], 2 ** 64 - 1, SHAPE, 'beyond the end'],
    ['a part of a sector', [[0, 3]], 0, BIG_SECTORS, 'not the disk'],
    [
      'a sector in two halves',
      [
        [4, 7],
        [0, 3],
      ],
      0,
      BIG_SECTORS,
      'not the disk',
    ],
    ['a start within a sector', [[0, 7]], 4, BIG_SECTORS, 'not the disk'],
  ] as [string, [number, number][], number, BlockShape, string][])(
    'disk trap 1: %s are refused',
    (_, ranges, at, shape, why) => {
      expect(judged(ranges, at, shape)).toContain(why);
    },
  );
});
