// Logs as the kernel writes them, and what is found to be missing at a flush.
import { describe, expect, it } from 'vitest';
import { entriesOf, type ReadLog } from './log.ts';
import { BLOCK_BYTES, cutsOf, incomplete } from './rounds.ts';

const SECTOR = 512;
const PER_ROUND = 2;

/**
 * A flush, a mark, a discard of so many blocks from one on, or a block: its round, its number, and
 * 2 where it is sure by itself, 3 where it is a flush, too.
 */
type Event = 'flush' | 'mark' | { discard: [at: number, blocks: number] } | readonly number[];

function words(bytes: number, values: readonly (number | bigint)[]): Uint8Array {
  const found = new Uint8Array(bytes);
  const view = new DataView(found.buffer);
  for (const [i, value] of values.entries()) view.setBigUint64(8 * i, BigInt(value), true);
  return found;
}

function block(round: number, number: number): Uint8Array {
  const found = new Uint8Array(BLOCK_BYTES);
  found.set(new TextEncoder().encode(`xtl-round ${round} block ${number}\n`));
  return found;
}

/** A block lies where its number and round say. */
function logOf(events: readonly Event[]): ReadLog {
  const perBlock = BLOCK_BYTES / SECTOR;
  const parts = [words(SECTOR, [0x6a736677736872n, 1, events.length, SECTOR])];
  for (const event of events) {
    if (event === 'flush') parts.push(words(SECTOR, [0, 0, 1, 0]));
    else if (event === 'mark') parts.push(words(SECTOR, [0, 0, 8, 3]));
    else if ('discard' in event) {
      const [at, blocks] = event.discard;
      parts.push(words(SECTOR, [at * perBlock, blocks * perBlock, 4, 0]));
    } else {
      const [round = 0, number = 0, flags = 0] = event;
      const at = (PER_ROUND * round + number) * perBlock;
      parts.push(words(SECTOR, [at, perBlock, flags, 0]), block(round, number));
    }
  }
  const log = new Uint8Array(Buffer.concat(parts));
  return (offset, bytes) => log.subarray(offset, offset + bytes);
}

/** Rounds that are incomplete at each cut. */
function lost(events: readonly Event[]): Record<number, number[]> {
  const found: Record<number, number[]> = {};
  for (const { round, disk } of cutsOf(entriesOf(logOf(events)), new Uint8Array(1 << 16))) {
    found[round] = incomplete(disk, round - 1, PER_ROUND);
  }
  return found;
}

describe('at the last flush before a round', () => {
  const [a, b, c, d] = [
    [1, 0],
    [1, 1],
    [2, 0],
    [2, 1],
  ] as const;
  it.each<[string, Event[], Record<number, number[]>]>([
    ['all is there', [a, b, 'flush', c, d, 'flush', [3, 0]], { 1: [], 2: [], 3: [] }],
    ['all is there, in any order', [b, a, 'flush', 'flush', d, c], { 1: [], 2: [] }],
    ['nothing is, without a flush', [a, b, c, d, [3, 0]], { 1: [], 2: [1], 3: [1, 2] }],
    ['what came behind it is not', [a, 'flush', b, c], { 1: [], 2: [1] }],
    ['a later flush is too late', [a, b, c, 'flush', d], { 1: [], 2: [1] }],
    ['what was discarded is not', [a, b, { discard: [2, 1] }, 'flush', c], { 1: [], 2: [1] }],
    ['what is sure by itself is', [a, [1, 1, 2], c], { 1: [], 2: [1] }],
    ['and with a flush all is', [a, [1, 1, 3], c], { 1: [], 2: [] }],
    ['a mark is none', [a, b, 'mark', c], { 1: [], 2: [1] }],
  ])('%s', (_, events, want) => {
    expect(lost(events)).toEqual(want);
  });
});

it('what is no log is refused', () => {
  expect(() => [...entriesOf(() => new Uint8Array(512))]).toThrow('no log');
});
