/** Partition tables as tools make them, and as they should not be. */

import { describe, expect, it } from 'vitest';
import { type MadeTable, putGpt } from '../../../test/sim/blk/gpt-bytes.ts';
import { readGpt, tableBytes } from './gpt.ts';

const two = {
  partitions: [
    { name: 'boot', first: 40, last: 47 },
    undefined,
    { name: 'a name of thirty-six letters, no more', first: 64, last: 127 },
  ],
};

function read(made: MadeTable, change: (bytes: Uint8Array) => void = () => {}, sectors = 4096) {
  const { blockBytes = 512 } = made;
  const bytes = new Uint8Array(tableBytes(blockBytes));
  putGpt(bytes, made);
  change(bytes);
  return readGpt(bytes, blockBytes, sectors);
}

it.each([
  [512, 1],
  [4096, 8],
])('a table of blocks of %i bytes', (blockBytes, perBlock) => {
  expect(read({ ...two, blockBytes })).toEqual({
    ok: true,
    value: [
      { number: 1, name: 'boot', first: 40 * perBlock, sectors: 8 * perBlock },
      {
        ...{ number: 3, name: 'a name of thirty-six letters, no mor' },
        ...{ first: 64 * perBlock, sectors: 64 * perBlock },
      },
    ],
  });
});

it.each([
  ['beyond the end', { name: '', first: 4000, last: 4096 }],
  ['that ends before it begins', { name: '', first: 50, last: 48 }],
  ['over the disk’s start', { name: '', first: 0, last: 48 }],
])('a partition %s is left out', (_, partition) => {
  expect(read({ partitions: [partition] })).toEqual({ ok: true, value: [] });
});

describe('what is no table is refused', () => {
  it.each<[string, string, MadeTable, ((bytes: Uint8Array) => void)?]>([
    ['no table', 'ENOENT', two, (bytes) => bytes.fill(0, 512, 520)],
    ['a header that was changed', 'EIO', two, (bytes) => bytes.fill(1, 512 + 56, 512 + 57)],
    ['entries that were changed', 'EIO', two, (bytes) => bytes.fill(7, 1024 + 60, 1024 + 61)],
    ['a header of a size that is none', 'EINVAL', two, (bytes) => bytes.fill(0xff, 524, 528)],
    ['a header of no size', 'EINVAL', two, (bytes) => bytes.fill(0, 524, 528)],
    ['more entries than there are', 'EINVAL', { ...two, count: 129 }],
    ['entries of another size', 'EINVAL', { ...two, entryBytes: 256, count: 64 }],
    ['a table elsewhere', 'EINVAL', { ...two, tableAt: 20 }],
  ])('%s', (_, errno, made, change) => {
    expect(read(made, change)).toMatchObject({ ok: false, error: { errno } });
  });
});
